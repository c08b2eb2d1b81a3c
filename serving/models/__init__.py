"""Models over HTTP: what there is, what is served, and for admins what shall be."""
