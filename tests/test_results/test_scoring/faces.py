"""Six made faces."""

import numpy as np

NAMES = ["left_eye", "right_eye", "nose"]
FACES = 6
RNG = np.random.default_rng(0)
POINTS = RNG.uniform(20, 180, (FACES, 3, 2))
POINTS[:, 1] = POINTS[:, 0] + (40.0, 30.0)  # 50 px between the eyes
