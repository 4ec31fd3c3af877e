"""Define the two levels of difficulty, and the floors that the data of each must reach."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Floors:
    """Hold the limits that a level's data must keep; rates in percent, angles in degrees."""

    mean_pose_pckh: float
    """The mean training pose must score *below* this on the validation people (PCKh@0.5)."""
    occluded: float
    """At least this share of the annotated joints must be hidden."""
    company: float
    """At least this share of people must have another person in their crop."""
    roll: float
    """Torso roll in the image must reach from minus this to plus this."""
    facing: float
    """Facing must reach from minus this to plus this; 0 faces the camera, 90 shows the left
    side."""


@dataclass(frozen=True)
class Level:
    """Set one level's parameters: sizes in pixels, angles in degrees, rates in 0..1."""

    number: int
    stature: tuple[float, float]
    """Height in pixels of a person who stands upright."""
    distance: tuple[float, float]
    """Distance to the camera in statures. Nearer people show a stronger perspective."""
    pitch: tuple[float, float]
    """Angle at which the camera looks down on people."""
    roll: float
    """Largest roll of the body about the line of sight."""
    upright: float
    """Share of people whose roll is drawn from a narrow normal distribution instead."""
    facing: float
    """Largest angle between the pelvis's front and the direction to the camera."""
    variety: float
    """Spread of the joint angles about those of the drawn activity; 1 is natural."""
    calm: float
    """Share of people who only stand or walk."""
    together: float
    """Share of images in which people stand close enough to cover each other."""
    apart: float
    """Share of images with several people at a distance from each other."""
    crowd: int
    """Largest number of people in an image."""
    occluders: float
    """Mean number of objects put in front of a person."""
    truncated: float
    """Share of people who stand partly outside the image."""
    most_hidden: int
    """An image in which a person has more hidden joints than this is composed again."""
    clutter: int
    """Mean number of objects in the background."""
    blur: float
    """Largest blur of the background, px."""
    input_size: int
    """Side in pixels of the network's input that the level is meant for."""
    train: int
    val: int
    test: int
    floors: Floors


LEVELS = {
    1: Level(
        number=1,
        stature=(104, 128),
        distance=(2.2, 4.5),
        pitch=(-4, 16),
        roll=49,
        upright=0.8,
        facing=80,
        variety=1.0,
        calm=0.75,
        together=0.045,
        apart=0.19,
        crowd=2,
        occluders=0.06,
        truncated=0.04,
        most_hidden=6,
        clutter=6,
        blur=1.6,
        input_size=128,
        train=3000,
        val=500,
        test=100,
        floors=Floors(mean_pose_pckh=30, occluded=10, company=15, roll=45, facing=75),
    ),
    2: Level(
        number=2,
        stature=(190, 250),
        distance=(1.7, 4.0),
        pitch=(-12, 30),
        roll=66,
        upright=0.72,
        facing=180,
        variety=1.05,
        calm=0.55,
        together=0.15,
        apart=0.08,
        crowd=3,
        occluders=0.75,
        truncated=0.1,
        most_hidden=11,
        clutter=14,
        blur=1.2,
        input_size=256,
        train=20000,
        val=2000,
        test=500,
        floors=Floors(mean_pose_pckh=20, occluded=25, company=30, roll=60, facing=180),
    ),
}
