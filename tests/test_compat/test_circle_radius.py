"""MMPose's OpenCV backend draws circles whose radius is in an array."""

import numpy as np
from mmpose.visualization.opencv_backend_visualizer import OpencvBackendVisualizer


def test_a_radius_in_an_array() -> None:
    visualizer = OpencvBackendVisualizer(name="circles", backend="opencv")
    visualizer.set_image(np.zeros((21, 21, 3), np.uint8))
    visualizer.draw_circles(
        np.array([10, 10]), radius=np.array([4]), face_colors=(255, 255, 255), alpha=1.0
    )
    drawn = visualizer.get_image()[:, :, 0] > 0
    assert drawn[10].sum() == 9 and drawn[:, 10].sum() == 9
