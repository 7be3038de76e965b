namespace Rlhf.Environments.Drawing;

/// <summary>A thick line with round ends between two points that each pose gives; a ball where they are the same.</summary>
/// <param name="Name">For people who read the scene.</param>
/// <param name="Radius">Half the thickness, in world units.</param>
/// <param name="Color">#rrggbb.</param>
internal sealed record SceneShape(string Name, double Radius, string Color);
