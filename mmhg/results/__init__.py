"""Files of predictions and ground truth, tables, servers' files, published results."""
