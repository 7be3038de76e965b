namespace Rlhf.Environments.Pixels;

/// <summary>The last four frames, kept as floats so that a step converts only what is new.</summary>
internal sealed class FrameStack
{
    /// <summary>Frames of an observation.</summary>
    public const int Depth = 4;

    private const int Pixels = PixelEnvironment.FrameSize * PixelEnvironment.FrameSize;

    private static readonly float[] Levels = [.. Enumerable.Range(0, 256).Select(level => level / 255f)];

    private readonly float[] _frames = new float[Depth * Pixels];
    private int _newest;

    /// <summary>Fills the whole stack with one frame, as an episode begins.</summary>
    public void Reset(ReadOnlySpan<byte> frame)
    {
        for (int i = 0; i < Depth; i++)
            Push(frame);
    }

    /// <summary>Takes a frame in and drops the oldest.</summary>
    public void Push(ReadOnlySpan<byte> frame)
    {
        _newest = (_newest + 1) % Depth;
        Span<float> target = _frames.AsSpan(_newest * Pixels, Pixels);
        float[] levels = Levels;
        for (int i = 0; i < target.Length; i++)
            target[i] = levels[frame[i]];
    }

    /// <summary>[4, 84, 84] result: k/255, oldest frame first.</summary>
    public void Write(Span<float> observation)
    {
        for (int i = 0; i < Depth; i++)
            _frames.AsSpan((_newest + 1 + i) % Depth * Pixels, Pixels).CopyTo(observation[(i * Pixels)..]);
    }
}
