"""Make a dataset and a config of labels: `mmhg import`."""
