"""The two levels of difficulty, and the floors that hold each of them up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Floors:
    """What the data of a level must measure; rates in percent, angles in degrees."""

    mean_pose_pckh: float
    """The mean training pose must score *below* this on the validation people (PCKh@0.5)."""
    occluded: float
    """At least this share of annotated joints is hidden."""
    company: float
    """At least this share of people have another person in their crop."""
    roll: float
    """Torso roll in the picture must spread to minus and plus this."""
    facing: float
    """Facing must spread to minus and plus this; 0 faces the camera, 90 shows the left side."""


@dataclass(frozen=True)
class Level:
    """Parameters of one level. Heights and sizes in pixels, angles in degrees, rates in 0..1."""

    number: int
    stature: tuple[float, float]
    """Height in pixels of a person who stands upright."""
    distance: tuple[float, float]
    """Distance to the camera in statures: the nearer, the stronger the perspective."""
    pitch: tuple[float, float]
    """How far the camera looks down on people."""
    roll: float
    """Largest roll of the body about the line of sight."""
    upright: float
    """Share of people whose roll is drawn from a narrow normal distribution instead."""
    facing: float
    """Largest angle between where the pelvis points and the camera."""
    variety: float
    """Spread of the joint angles about those of the drawn activity; 1 is natural."""
    calm: float
    """Share of people who merely stand or walk."""
    together: float
    """Share of pictures in which people stand close enough to cover each other."""
    apart: float
    """Share of pictures with several people at a distance from each other."""
    crowd: int
    """Largest number of people in a picture."""
    occluders: float
    """Mean number of objects put in front of a person."""
    truncated: float
    """Share of people who stand partly outside of the picture."""
    most_hidden: int
    """A picture in which a person has more hidden joints than this is composed anew."""
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
