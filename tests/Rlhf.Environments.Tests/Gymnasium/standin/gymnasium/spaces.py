class Discrete:
    def __init__(self, n, start=0):
        self.n, self.start = n, start


class Box:
    def __init__(self, low, high, shape, dtype):
        self.low = low if isinstance(low, list) else [low]
        self.high = high if isinstance(high, list) else [high]
        self.shape, self.dtype = shape, dtype


class Dict:
    def __init__(self, spaces):
        self.spaces = spaces


class Tuple:
    def __init__(self, spaces):
        self.spaces = spaces
