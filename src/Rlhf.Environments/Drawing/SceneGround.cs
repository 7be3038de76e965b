namespace Rlhf.Environments.Drawing;

/// <summary>What stands still behind the figure, so that its movement shows.</summary>
/// <param name="Kind"><c>line</c>: at z = At with a tick each Spacing of x; <c>grid</c>: in the plane z = At, lines each Spacing of x and y; <c>none</c>.</param>
/// <param name="At">Height in the world.</param>
/// <param name="Spacing">World units between ticks or lines.</param>
internal sealed record SceneGround(string Kind, double At, double Spacing)
{
    public static SceneGround Line { get; } = new("line", 0, 0.5);

    public static SceneGround Grid { get; } = new("grid", 0, 1);

    public static SceneGround None { get; } = new("none", 0, 1);
}
