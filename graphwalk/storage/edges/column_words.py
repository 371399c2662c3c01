"""Words of which names of columns consist, in addition to those that say which end is which.

They tell a header of ``user,item`` from an edge between two names.
"""

_LINES = (
    "name names code key label title type kind class string symbol number num no accession uri url",
    "person people user users member friend friends employee manager author authors actor artist",
    "customer company organisation organization account address email phone host ip domain",
    "gene genes protein proteins entrez ensembl uniprot interactor drug drugs disease chemical",
    "compound enzyme mirna lncrna pathway species taxon prey predator residue atom",
    "item items movie film book song track product paper papers patent page word term token tag",
    "topic concept entity event group country city state region airport station stop street site",
    "left right first second row col column from to start end begin student teacher course seller",
    "buyer venue team player reader document sentence query",
)

COLUMN_WORDS = frozenset(word for line in _LINES for word in line.split())
