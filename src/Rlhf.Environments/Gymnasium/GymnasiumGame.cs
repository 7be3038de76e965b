using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Gymnasium;

/// <summary>A game of Gymnasium whose every step is one frame, such as Atari's through ALE.</summary>
internal sealed class GymnasiumGame : IPixelGame
{
    private readonly GymnasiumProcess _process;
    private readonly FrameScaler _scaler;
    private readonly byte[] _screen;

    /// <summary>Takes the process over once its spaces are those of a game.</summary>
    /// <exception cref="GymnasiumException">They are not.</exception>
    public GymnasiumGame(GymnasiumProcess process)
    {
        ObservationLayout layout = process.Layout;
        IReadOnlyList<int> shape = layout.PythonShape;
        if (!process.Actions.IsDiscrete || layout.DType != "uint8" || shape.Count is < 2 or > 3 || (shape.Count == 3 && shape[2] > 4))
        {
            throw new GymnasiumException(
                $"environment '{process.Id}' has {(process.Actions.IsDiscrete ? "discrete" : "box")} actions and {layout.DType} observations of shape [{string.Join(", ", shape)}], " +
                "expected discrete actions and uint8 images [height, width] or [height, width, channels] for Atari's interface");
        }

        _process = process;
        _screen = new byte[layout.Bytes];
        _scaler = new FrameScaler(shape[0], shape[1], shape.Count == 3 ? shape[2] : 1);
    }

    /// <inheritdoc/>
    public int Choices => _process.Actions.Choices;

    /// <inheritdoc/>
    public int Lives { get; private set; }

    /// <inheritdoc/>
    public bool IsOver { get; private set; }

    /// <inheritdoc/>
    public int StateLength => 0;

    /// <inheritdoc/>
    public void Start(ulong seed)
    {
        Lives = Math.Max(0, _process.Reset(seed).Lives);
        IsOver = false;
    }

    /// <inheritdoc/>
    public float Tick(int action)
    {
        GymnasiumReply reply = _process.Step([action]);
        Lives = Math.Max(0, reply.Lives);
        IsOver = reply.Terminated || reply.Truncated;
        return (float)reply.Reward;
    }

    /// <inheritdoc/>
    public void Capture(Span<double> state)
    {
    }

    /// <inheritdoc/>
    public void Draw(ReadOnlySpan<double> state, Span<byte> frame)
    {
        _process.ReadObservation(_screen);
        _scaler.Scale(_screen, frame);
    }

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();
}
