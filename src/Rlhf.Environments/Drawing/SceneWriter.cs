using System.Text;
using System.Text.Json;

namespace Rlhf.Environments.Drawing;

/// <summary>Writes <see cref="EnvironmentSpec.Scene"/>; the README tells what its members mean.</summary>
internal static class SceneWriter
{
    /// <summary>Floats a shape takes in a pose: two points.</summary>
    public const int FloatsPerShape = 6;
    private const int Version = 1;

    public static string Write(SceneCamera camera, SceneGround ground, IReadOnlyList<SceneShape> shapes)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteStartObject("camera");
            Vector(json, "right", camera.Right);
            Vector(json, "up", camera.Up);
            Vector(json, "depth", camera.Depth);
            Vector(json, "center", camera.Center);
            json.WriteNumber("height", camera.Height);
            if (camera.FollowShape >= 0)
            {
                json.WriteStartObject("follow");
                json.WriteNumber("shape", camera.FollowShape);
                Vector(json, "axes", camera.FollowAxes);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteStartObject("ground");
            json.WriteString("kind", ground.Kind);
            json.WriteNumber("at", ground.At);
            json.WriteNumber("spacing", ground.Spacing);
            json.WriteEndObject();
            json.WriteStartArray("shapes");
            foreach (SceneShape shape in shapes)
            {
                json.WriteStartObject();
                json.WriteString("name", shape.Name);
                json.WriteNumber("radius", shape.Radius);
                json.WriteString("color", shape.Color);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Vector(Utf8JsonWriter json, string name, ReadOnlySpan<double> numbers)
    {
        json.WriteStartArray(name);
        foreach (double number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
