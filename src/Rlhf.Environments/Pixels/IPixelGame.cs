namespace Rlhf.Environments.Pixels;

/// <summary>
/// A game as a machine runs it: one call a frame of 1/60 second, a picture on demand. <see cref="PixelEnvironment"/> puts Atari's interface
/// (frame skip, maximum over frames, stacked frames, no-op starts) around it.
/// </summary>
/// <remarks>Everything random follows from the seed given to <see cref="Start"/>.</remarks>
public interface IPixelGame : IDisposable
{
    /// <summary>Number of discrete actions; action 0 does nothing.</summary>
    int Choices { get; }

    /// <summary>Lives left; 0 in a game without lives.</summary>
    int Lives { get; }

    /// <summary>Whether the game is over; only <see cref="Start"/> may follow.</summary>
    bool IsOver { get; }

    /// <summary>Doubles that <see cref="Capture"/> writes: all that a picture depends on. 0 when only the present can be drawn.</summary>
    int StateLength { get; }

    /// <summary>Begins a game.</summary>
    void Start(ulong seed);

    /// <summary>Plays one frame.</summary>
    /// <param name="action">0 … <see cref="Choices"/> − 1.</param>
    /// <returns>Points scored in this frame.</returns>
    float Tick(int action);

    /// <summary>[<see cref="StateLength"/>] what the picture depends on.</summary>
    void Capture(Span<double> state);

    /// <summary>Draws a captured moment, the score left out (Christiano et al. 2017, appendix A.2).</summary>
    /// <param name="state">[<see cref="StateLength"/>] as <see cref="Capture"/> wrote it.</param>
    /// <param name="frame">[84, 84] result: grey values.</param>
    void Draw(ReadOnlySpan<double> state, Span<byte> frame);
}
