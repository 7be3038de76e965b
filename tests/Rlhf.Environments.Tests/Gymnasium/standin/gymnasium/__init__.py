"""Stands in for gymnasium where it is not installed: its interface as far as the bridge uses it, and environments that misbehave."""
import os
import sys
import time
from array import array

from . import spaces

__version__ = "standin"


class Spec:
    def __init__(self, max_episode_steps):
        self.max_episode_steps = max_episode_steps


class Env:
    metadata = {"render_fps": 30}
    spec = Spec(200)
    action_space = spaces.Discrete(2)
    observation_space = spaces.Box(-10.0, 10.0, (2,), "float32")

    def reset(self, *, seed=None, options=None):
        self.time, self.seed = 0, seed
        return self.observe(), {}

    def step(self, action):
        self.time += 1
        return self.observe(), 0.0, False, False, {}

    def observe(self):
        return array("f", [self.seed % 10, self.time])

    def close(self):
        pass


class Walk(Env):
    """Actions 3 and 4 go down and up; the episode ends at 3 with a reward of 5, and elsewhere a step costs 1/4."""
    action_space = spaces.Discrete(2, start=3)

    def __init__(self, goal=3):
        self.goal = goal

    def reset(self, *, seed=None, options=None):
        self.place = 0
        return super().reset(seed=seed)

    def step(self, action):
        assert type(action) is int and action in (3, 4), action
        self.place += 1 if action == 4 else -1
        self.time += 1
        there = self.place == self.goal
        return self.observe(), 5.0 if there else -0.25, there, False, {}

    def observe(self):
        return array("f", [self.seed % 10, self.place])


class Push(Env):
    """Observes the action it was given, in double precision."""
    action_space = spaces.Box([-1.0, -2.0, 0.0], [1.0, 2.0, 0.5], (3,), "float32")
    observation_space = spaces.Box(-10.0, 10.0, (3,), "float64")
    spec = Spec(None)
    metadata = {"render_fps": 125}

    def reset(self, *, seed=None, options=None):
        return array("d", [0, 0, 0]), {}

    def step(self, action):
        return array("d", action), float(sum(action)), False, False, {}


class Picture(Env):
    """Two rows, three columns, three colours, counting up from 0."""
    observation_space = spaces.Box(0, 255, (2, 3, 3), "uint8")

    def observe(self):
        return memoryview(bytes(range(18))).cast("B", (2, 3, 3))


class Arcade(Env):
    """A screen as Atari's, all of it as bright as frames have passed; three lives of ten frames; each frame a point."""
    observation_space = spaces.Box(0, 255, (210, 160), "uint8")
    action_space = spaces.Discrete(6)

    def __init__(self, frameskip=1, repeat_action_probability=0.0, obs_type="grayscale"):
        assert (frameskip, repeat_action_probability, obs_type) == (1, 0.0, "grayscale")

    def step(self, action):
        self.time += 1
        return self.observe(), 1.0, self.time == 30, False, {"lives": 3 - self.time // 10}

    def observe(self):
        return memoryview(bytes([self.time]) * (210 * 160)).cast("B", (210, 160))


class Talk(Env):
    def step(self, action):
        print("a library that greets", flush=True)
        os.system("echo and its child")
        return super().step(action)


class Raise(Env):
    def step(self, action):
        raise ValueError("the ball left\nthe universe")


class Exit(Env):
    def step(self, action):
        print("Segmentation fault (core dumped)\n", file=sys.stderr, flush=True)
        os._exit(3)


class Hang(Env):
    def step(self, action):
        print("waiting for a display", file=sys.stderr, flush=True)
        time.sleep(3600)


class SlowStart(Env):
    def __init__(self):
        time.sleep(3600)


class Rubbish(Env):
    def step(self, action):
        os.write(3, b"Welcome to the machine! " * 3)
        return super().step(action)


class WrongShape(Env):
    def observe(self):
        return array("f", [1, 2, 3])


class WrongType(Env):
    def observe(self):
        return array("i", [1, 2])


class NotANumber(Env):
    def observe(self):
        return array("f", [1, float("nan") if self.time else 2])


class DictSpace(Env):
    observation_space = spaces.Dict({})


class TupleAction(Env):
    action_space = spaces.Tuple(())


class Unbounded(Env):
    action_space = spaces.Box([float("-inf")], [1.0], (1,), "float32")


def make(id, **arguments):
    name, _, version = id.removeprefix("ALE/").partition("-")
    if version != "v0" or name not in globals():
        raise LookupError(f"Environment `{name}` doesn't exist.")
    return globals()[name](**arguments)
