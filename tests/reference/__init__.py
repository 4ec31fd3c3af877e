"""The paper's network and the authors' data path once more, written plainly, to compare with."""
