using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Tests.Pixels;

/// <summary>A game whose every frame is known: frame n since the start lights pixel n, and the script says what happens in it.</summary>
internal sealed class ScriptedGame : IPixelGame
{
    /// <summary>Points of frame n of each game.</summary>
    public Func<int, float> Points { get; init; } = _ => 0;

    /// <summary>Frame after which the game is over.</summary>
    public int Length { get; init; } = int.MaxValue;

    /// <summary>Frames that cost a life.</summary>
    public IReadOnlyList<int> Losses { get; init; } = [];

    /// <summary>What <see cref="Tick"/> was told, frame by frame, since the first start.</summary>
    public List<int> Actions { get; } = [];

    /// <summary>Seeds given to <see cref="Start"/>.</summary>
    public List<ulong> Seeds { get; } = [];

    /// <summary>Frames played in this game.</summary>
    public int Frame { get; private set; }

    /// <summary>Whether it was disposed.</summary>
    public bool Disposed { get; private set; }

    public int Choices => 3;

    public int Lives => 9 - Losses.Count(frame => frame <= Frame);

    public bool IsOver => Frame >= Length;

    public int StateLength => 1;

    public void Start(ulong seed)
    {
        Seeds.Add(seed);
        Frame = 0;
    }

    public float Tick(int action)
    {
        Actions.Add(action);
        Frame++;
        return Points(Frame);
    }

    public void Capture(Span<double> state) => state[0] = Frame;

    public void Draw(ReadOnlySpan<double> state, Span<byte> frame)
    {
        frame.Clear();
        frame[(int)state[0]] = 255;
        frame[^1] = 51;
    }

    public void Dispose() => Disposed = true;
}
