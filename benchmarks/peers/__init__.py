"""graphwalk beside other packages: builds, walks, and how exact walks are."""
