"""The paper's network and the authors' data path, written plainly a second time to compare with."""
