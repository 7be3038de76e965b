using System.Numerics;

namespace Rlhf.Environments.Pixels;

/// <summary>
/// Atari's interface around a game: an action is held for four frames, the picture is the maximum of the last two, an observation is the
/// last four pictures <c>[4, 84, 84]</c> as k/255, oldest first (at the start the first picture four times), and an episode begins with
/// 0 to 30 frames without action (Mnih et al. 2015; Christiano et al. 2017, appendix A.2).
/// </summary>
/// <remarks>
/// Where ends are hidden, which is the default, an episode is one stretch of fixed length: a game that is over starts again in the middle of
/// it, and only the true reward knows. A skip that meets the end of a game ends with it.
/// </remarks>
public sealed class PixelEnvironment : IEnvironment
{
    /// <summary>Rows and columns of a frame.</summary>
    public const int FrameSize = 84;

    private const int Pixels = FrameSize * FrameSize;

    // Of the console; and those of a clip, 1.7 seconds.
    private const int FramesPerSecond = 60, ClipFrames = 100;

    private readonly IPixelGame _game;
    private readonly PixelOptions _options;
    private readonly float _penalty;
    private readonly FrameStack _stack = new();
    private readonly byte[] _frame = new byte[Pixels], _before = new byte[Pixels];
    private readonly double[] _state;
    private GameRandom _random;
    private int _lastAction, _steps;
    private bool _running;

    /// <summary>Wraps a game, which this environment then owns.</summary>
    /// <param name="game">The game.</param>
    /// <param name="id">Its name.</param>
    /// <param name="instructions">What a labeler has to know.</param>
    /// <param name="endPenalty">Points for a lost life or game where the options do not say.</param>
    /// <param name="options">How it is wrapped.</param>
    public PixelEnvironment(IPixelGame game, string id, string instructions, double endPenalty, PixelOptions options)
    {
        options.Validate();
        _game = game;
        _options = options;
        _penalty = (float)(options.EndPenalty ?? endPenalty);
        _state = new double[game.StateLength];
        Spec = new EnvironmentSpec
        {
            Id = id,
            ObservationShape = [FrameStack.Depth, FrameSize, FrameSize],
            Actions = ActionSpace.Discrete(game.Choices),
            Horizon = options.Horizon ?? (options.HideEnds ? 1000 : 27_000),
            ClipLength = Math.Max(1, ClipFrames / options.FrameSkip),
            FramesPerSecond = FramesPerSecond / options.FrameSkip,
            FramesPerStep = options.FrameSkip,
            Instructions = instructions,
            StateLength = game.StateLength,
        };
    }

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; }

    /// <inheritdoc/>
    public void Reset(ulong seed, Span<float> observation)
    {
        _random = new GameRandom(seed, stream: 0);
        _steps = 0;
        _lastAction = 0;
        _running = true;
        Start();
        Render(_frame);
        _stack.Reset(_frame);
        _stack.Write(observation);
    }

    /// <inheritdoc/>
    public StepResult Step(ReadOnlySpan<float> action, Span<float> observation)
    {
        if (!_running)
            throw new InvalidOperationException($"environment '{Spec.Id}' was stepped after the end of its episode, expected a reset");

        int chosen = Choice(action);
        float reward = 0;
        bool ended = false;
        int skip = _options.FrameSkip, drawn = 0;
        for (int i = 0; i < skip && !_game.IsOver && !ended; i++)
        {
            if (_options.StickyActions == 0 || !_random.Chance(_options.StickyActions))
                _lastAction = chosen;
            int lives = _game.Lives;
            reward += _game.Tick(_lastAction);
            bool lost = _game.IsOver || _game.Lives < lives;
            if (lost && _options.HideEnds)
                reward -= _penalty;
            ended = _game.IsOver || (lost && _options.LifeLossEnds);

            // Frames before the last two are not in the picture, and need no drawing.
            if (ended || i >= skip - 2)
            {
                if (ended && _options.HideEnds)
                {
                    Start();
                    drawn = 0;
                }

                if (drawn++ > 0)
                    _frame.AsSpan().CopyTo(_before);
                Render(_frame);
            }
        }

        if (drawn > 1)
            Brighten(_frame, _before);
        _stack.Push(_frame);
        _stack.Write(observation);

        _steps++;
        bool terminated = ended && !_options.HideEnds, truncated = !terminated && _steps >= Spec.Horizon;
        _running = !terminated && !truncated;
        return new StepResult(_options.ClipRewards ? Math.Clamp(reward, -1, 1) : reward, terminated, truncated);
    }

    /// <inheritdoc/>
    public void CaptureState(Span<double> state) => _game.Capture(state);

    /// <inheritdoc/>
    public void CapturePose(Span<float> pose)
    {
    }

    /// <summary>Draws a captured moment: one frame, not the maximum of two.</summary>
    /// <param name="state">[<see cref="EnvironmentSpec.StateLength"/>] as <see cref="CaptureState"/> wrote it.</param>
    /// <param name="frame">[84, 84] result: grey values.</param>
    public void Draw(ReadOnlySpan<double> state, Span<byte> frame)
    {
        _game.Draw(state, frame);
        frame[..(_options.BlankTop * FrameSize)].Clear();
        frame[((FrameSize - _options.BlankBottom) * FrameSize)..Pixels].Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => _game.Dispose();

    /// <summary>The brighter of two frames, pixel by pixel: what flickers in one frame stays seen.</summary>
    private static void Brighten(byte[] frame, byte[] other)
    {
        int i = 0;
        for (; i <= Pixels - Vector<byte>.Count; i += Vector<byte>.Count)
            Vector.Max(new Vector<byte>(frame, i), new Vector<byte>(other, i)).CopyTo(frame, i);
        for (; i < Pixels; i++)
            frame[i] = Math.Max(frame[i], other[i]);
    }

    private void Start()
    {
        _game.Start(_random.Bits());
        for (int noops = _random.Below(_options.MaxNoops + 1); noops > 0 && !_game.IsOver; noops--)
        {
            // Points of these frames are nobody's.
            _ = _game.Tick(0);
        }

        if (_game.IsOver)
            _game.Start(_random.Bits());
    }

    private void Render(Span<byte> frame)
    {
        _game.Capture(_state);
        Draw(_state, frame);
    }

    private int Choice(ReadOnlySpan<float> action)
    {
        int choice = (int)action[0];
        return choice == action[0] && (uint)choice < (uint)Spec.Actions.Choices
            ? choice
            : throw new ArgumentOutOfRangeException(nameof(action), action[0], $"action of environment '{Spec.Id}', expected 0 to {Spec.Actions.Choices - 1}");
    }
}
