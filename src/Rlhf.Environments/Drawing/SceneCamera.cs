namespace Rlhf.Environments.Drawing;

/// <summary>How the world becomes a picture: a parallel projection whose window may move along with a shape.</summary>
/// <param name="Right">World direction (times scale) that runs to the right.</param>
/// <param name="Up">World direction (times scale) that runs up.</param>
/// <param name="Depth">World direction away from the viewer: shapes further along it are drawn first.</param>
/// <param name="Center">World point in the middle of the picture, before following.</param>
/// <param name="Height">World units from the picture's lower to its upper edge.</param>
/// <param name="FollowShape">Index of the shape that the window follows; −1: none.</param>
/// <param name="FollowAxes">1 for each world axis along which it follows.</param>
internal sealed record SceneCamera(
    double[] Right, double[] Up, double[] Depth, double[] Center, double Height, int FollowShape, double[] FollowAxes)
{
    /// <summary>From the side, x to the right and z up, moving along x with the first shape.</summary>
    public static SceneCamera Side(double middle, double height) => new([1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, middle], height, 0, [1, 0, 0]);

    /// <summary>The same, standing still.</summary>
    public static SceneCamera FixedSide(double middle, double height) => Side(middle, height) with { FollowShape = -1 };

    /// <summary>From above, x to the right and y up.</summary>
    public static SceneCamera Top(double height, bool follow) =>
        new([1, 0, 0], [0, 1, 0], [0, 0, -1], [0, 0, 0], height, follow ? 0 : -1, [1, 1, 0]);

    /// <summary>Cabinet projection: x to the right, z up, y backwards at 30° and half length.</summary>
    public static SceneCamera Oblique(double middle, double height) =>
        new([1, 0.433, 0], [0, 0.25, 1], [0, 1, -0.5], [0, 0, middle], height, 0, [1, 1, 0]);
}
