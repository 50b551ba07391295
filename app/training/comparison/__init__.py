"""Systems side by side on the same images: bundles and folders of predictions in, one table with plots out."""
