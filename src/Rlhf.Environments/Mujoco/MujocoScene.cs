using Rlhf.Environments.Drawing;

namespace Rlhf.Environments.Mujoco;

/// <summary>A model's geoms as a scene: every one but planes becomes a line with round ends along its own z axis.</summary>
internal sealed class MujocoScene
{
    private const int Plane = 0, Capsule = 3, Cylinder = 5;
    private readonly int[] _geoms;
    private readonly double[] _halfLengths;

    public MujocoScene(MujocoModel model, SceneCamera camera, SceneGround ground)
    {
        _geoms = [.. Enumerable.Range(0, model.Geoms).Where(geom => model.GeomType(geom) != Plane)];
        _halfLengths = [.. _geoms.Select(geom => model.GeomType(geom) is Capsule or Cylinder ? model.GeomSize(geom)[1] : 0)];
        Text = SceneWriter.Write(camera, ground, [.. _geoms.Select(geom => Shape(model, geom))]);
    }

    /// <summary><see cref="EnvironmentSpec.Scene"/>.</summary>
    public string Text { get; }

    /// <summary>Floats of a pose.</summary>
    public int PoseLength => SceneWriter.FloatsPerShape * _geoms.Length;

    public void Capture(MujocoSimulation simulation, Span<float> pose)
    {
        for (int i = 0; i < _geoms.Length; i++)
        {
            ReadOnlySpan<double> middle = simulation.GeomPosition(_geoms[i]), rotation = simulation.GeomRotation(_geoms[i]);
            Span<float> ends = pose.Slice(SceneWriter.FloatsPerShape * i, SceneWriter.FloatsPerShape);
            for (int axis = 0; axis < 3; axis++)
            {
                double along = _halfLengths[i] * rotation[(3 * axis) + 2];
                ends[axis] = (float)(middle[axis] - along);
                ends[3 + axis] = (float)(middle[axis] + along);
            }
        }
    }

    private static SceneShape Shape(MujocoModel model, int geom)
    {
        ReadOnlySpan<float> color = model.GeomColor(geom);
        return new SceneShape(model.GeomName(geom), model.GeomSize(geom)[0], $"#{Byte(color[0]):x2}{Byte(color[1]):x2}{Byte(color[2]):x2}");
    }

    private static int Byte(float part) => (int)Math.Round(255 * Math.Clamp(part, 0, 1));
}
