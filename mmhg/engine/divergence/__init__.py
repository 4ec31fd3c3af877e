"""Find numbers that are not finite in a training: in losses, gradients and weights."""
