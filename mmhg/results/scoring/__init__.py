"""Score files of predictions without a model, on any data set that trains: `mmhg score`."""
