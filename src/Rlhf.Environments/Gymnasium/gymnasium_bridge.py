"""Serves one Gymnasium environment to the process that started this one. README.md beside this file says the protocol.

Needs gymnasium (which brings numpy) and nothing else.
"""
import importlib
import json
import math
import mmap
import os
import signal
import struct
import sys

PROTOCOL = 1
REQUEST = struct.Struct("<B7xQ")
REPLY = struct.Struct("<4sBBBxi4xdI4x")
MAGIC = b"RLHF"
FORMATS = {
    "uint8": "B", "int8": "b", "uint16": "H", "int16": "h", "uint32": "I", "int32": "i", "int64": "l", "float32": "f", "float64": "d",
}


class Refused(Exception):
    """What this environment is cannot be served."""


def make(config):
    """The environment, and the version of gymnasium."""
    try:
        import gymnasium
    except ImportError as error:
        raise Refused(f"gymnasium cannot be imported by {sys.executable} ({error}); install it there, for example with "
                      f"'{sys.executable} -m pip install gymnasium'") from None
    modules = list(config["modules"])
    if config["id"].startswith("ALE/") and "ale_py" not in modules:
        modules.append("ale_py")
    for name in modules:
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            raise Refused(f"module '{name}' cannot be imported by {sys.executable}: {error}") from None
        if hasattr(gymnasium, "register_envs"):
            gymnasium.register_envs(module)
    return gymnasium.make(config["id"], **config["arguments"]), getattr(gymnasium, "__version__", "unknown")


def numbers(values):
    """Numbers of any array as a flat list; what JSON lacks is null."""
    flat = values.flatten().tolist() if hasattr(values, "flatten") else list(values)
    return [float(value) if math.isfinite(value) else None for value in flat]


def observation_of(space):
    kind = type(space).__name__
    if kind != "Box":
        raise Refused(f"observation space {kind} is not supported, expected Box (a wrapper such as FlattenObservation makes one)")
    dtype = str(getattr(space.dtype, "name", space.dtype))
    if dtype not in FORMATS:
        raise Refused(f"observation dtype {dtype} is not supported, expected one of {', '.join(FORMATS)}")
    return {"dtype": dtype, "shape": [int(size) for size in space.shape]}


def action_of(space):
    kind = type(space).__name__
    if kind == "Discrete":
        return {"choices": int(space.n)}
    if kind == "Box":
        return {"low": numbers(space.low), "high": numbers(space.high)}
    raise Refused(f"action space {kind} is not supported, expected Discrete or Box")


def describe(env, version):
    metadata = getattr(env, "metadata", None) or {}
    spec = getattr(env, "spec", None)
    return {
        "protocol": PROTOCOL,
        "gymnasium": version,
        "observation": observation_of(env.observation_space),
        "action": action_of(env.action_space),
        "max_steps": getattr(spec, "max_episode_steps", None),
        "fps": metadata.get("render_fps"),
    }


class Server:
    """Answers requests until the other side hangs up."""

    def __init__(self, env, description, memory, wire):
        self.env, self.memory, self.wire = env, memory, wire
        self.dtype, self.shape = description["observation"]["dtype"], tuple(description["observation"]["shape"])
        self.action_space = env.action_space
        self.discrete = "choices" in description["action"]
        self.first = int(getattr(self.action_space, "start", 0))
        self.dimensions = 0 if self.discrete else len(description["action"]["low"])
        self.observation_at = 8 + 4 * self.dimensions
        try:
            import numpy
        except ImportError:
            numpy = None
        self.numpy = numpy

    def action(self):
        if self.discrete:
            return self.first + struct.unpack_from("<q", self.memory)[0]
        values = struct.unpack_from(f"<{self.dimensions}f", self.memory, 8)
        if self.numpy is None:
            return values
        return self.numpy.array(values, dtype=self.action_space.dtype).reshape(self.action_space.shape)

    def write(self, observation):
        if self.numpy is not None:
            observation = self.numpy.asarray(observation)
            if self.dtype in ("float32", "float64") and observation.dtype.kind == "f":
                observation = observation.astype(self.dtype, copy=False)
        view = memoryview(observation)
        if tuple(view.shape) != self.shape or view.format != FORMATS[self.dtype]:
            raise Refused(f"an observation has shape {tuple(view.shape)} and format '{view.format}', expected {self.shape} and "
                          f"'{FORMATS[self.dtype]}' ({self.dtype}), as its space says")
        self.memory[self.observation_at:self.observation_at + view.nbytes] = view.tobytes()

    def answer(self, operation, seed):
        reward, terminated, truncated = 0.0, False, False
        if operation == ord("R"):
            observation, info = self.env.reset(seed=seed)
        else:
            observation, reward, terminated, truncated, info = self.env.step(self.action())
        self.write(observation)
        lives = info.get("lives", -1) if isinstance(info, dict) else -1
        return REPLY.pack(MAGIC, 0, bool(terminated), bool(truncated), int(lives), float(reward), 0)

    def run(self, requests):
        while True:
            request = requests.read(REQUEST.size)
            if len(request) < REQUEST.size:
                return
            operation, seed = REQUEST.unpack(request)
            if operation == ord("C"):
                return
            try:
                reply = self.answer(operation, seed)
            except Exception as error:  # Whatever an environment raises is the other side's to report.
                text = (str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}").encode()[:4000]
                reply = REPLY.pack(MAGIC, 1, False, False, 0, 0.0, len(text)) + text
            self.wire.write(reply)


def main():
    # The wire is ours alone: what an environment prints goes to stderr, and it reads nothing.
    wire = os.fdopen(os.dup(1), "wb", buffering=0)
    requests = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # Ctrl-C in a terminal reaches the whole group; the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    try:
        env, version = make(json.loads(requests.readline()))
        description = describe(env, version)
    except Exception as error:
        text = str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
        wire.write(json.dumps({"protocol": PROTOCOL, "error": text}).encode() + b"\n")
        return
    wire.write(json.dumps(description).encode() + b"\n")

    line = requests.readline()
    if not line:
        return
    path = json.loads(line)["memory"]
    with open(path, "r+b") as file:
        memory = mmap.mmap(file.fileno(), 0)
    os.unlink(path)
    server = Server(env, description, memory, wire)
    try:
        wire.write(REPLY.pack(MAGIC, 0, False, False, 0, 0.0, 0))
        server.run(requests)
    except BrokenPipeError:
        pass
    finally:
        env.close()


main()
