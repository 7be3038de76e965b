using System.Text.Json;
using Rlhf.Fixtures.Format;

namespace Rlhf.Fixtures.Comparison;

/// <summary>
/// The tolerances of a case by what they are for. Where they are given by precision of the computation (float32, float64,
/// bf16_compute), ours is float32: kernels keep statistics in f32.
/// </summary>
public sealed class CaseTolerances
{
    private const string Precision = "float32";
    private readonly JsonElement _root;

    internal CaseTolerances(JsonElement root) => _root = root;

    /// <summary>The first entry that exists among <paramref name="names"/>, else the one for all of the precision.</summary>
    /// <exception cref="FixtureException">No such entry.</exception>
    public Tolerance For(params ReadOnlySpan<string> names)
    {
        if (_root.ValueKind == JsonValueKind.Object)
        {
            bool byPrecision = _root.TryGetProperty(Precision, out JsonElement precision) && precision.ValueKind == JsonValueKind.Object;
            foreach (string name in names)
            {
                if (_root.TryGetProperty(name, out JsonElement entry) || (byPrecision && precision.TryGetProperty(name, out entry)))
                    return Read(entry, name);
            }

            if (byPrecision && (precision.TryGetProperty("rtol", out _) || precision.TryGetProperty("atol", out _)))
                return Read(precision, Precision);
        }

        throw new FixtureException($"case.json: tolerances has no entry '{string.Join("' or '", names!)}'");
    }

    private static Tolerance Read(JsonElement entry, string name)
    {
        string field = $"tolerances.{name}";
        if (entry.ValueKind == JsonValueKind.String && entry.GetString() == "exact")
            return Tolerance.Exact;
        CaseJson.Require(entry, field, JsonValueKind.Object);
        double relative = entry.TryGetProperty("rtol", out JsonElement rtol) ? CaseJson.Number(rtol, $"{field}.rtol") : 0;
        double absolute = entry.TryGetProperty("atol", out JsonElement atol) ? CaseJson.Number(atol, $"{field}.atol") : 0;
        string? note = entry.TryGetProperty("note", out JsonElement text)
            ? CaseJson.Require(text, $"{field}.note", JsonValueKind.String).GetString()
            : null;
        return relative >= 0 && absolute >= 0
            ? new Tolerance(relative, absolute, note)
            : throw CaseJson.Wrong(field, entry, "rtol and atol of at least 0");
    }
}
