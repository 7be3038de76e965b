using System.Text.Json;

namespace Rlhf.Fixtures.Format;

/// <summary>One case as its case.json describes it. The format stands in tests/fixtures/README.md.</summary>
public sealed class FixtureCase
{
    private static readonly HashSet<string> KnownFields =
    [
        "family", "case", "set", "description", "reference", "arguments", "tensors", "expected_scalars", "tolerances", "notes", "files",
    ];

    private FixtureCase(string directory, JsonElement root)
    {
        Directory = directory;
        CaseJson.Require(root, "case.json", JsonValueKind.Object);
        foreach (JsonProperty field in root.EnumerateObject())
        {
            // What is expected must not be passed over; what merely describes may grow.
            if (field.Name.StartsWith("expected", StringComparison.Ordinal) && !KnownFields.Contains(field.Name))
                throw new FixtureException($"case.json: field '{field.Name}' is not understood");
        }

        Family = CaseJson.Text(root, "family");
        Name = CaseJson.Text(root, "case");
        Arguments = CaseJson.Member(root, "arguments", JsonValueKind.Object);
        Tensors = ReadTensors(CaseJson.Member(root, "tensors", JsonValueKind.Object));
        Tolerances = root.TryGetProperty("tolerances", out JsonElement tolerances)
            ? CaseJson.Require(tolerances, "tolerances", JsonValueKind.Object)
            : default;
        Scalars = new Dictionary<string, double>();
        if (root.TryGetProperty("expected_scalars", out JsonElement scalars) && scalars.ValueKind != JsonValueKind.Null)
            Flatten(CaseJson.Require(scalars, "expected_scalars", JsonValueKind.Object), string.Empty);
    }

    /// <summary>The folder of the case.</summary>
    public string Directory { get; }

    /// <summary>Family, e.g. kernels.</summary>
    public string Family { get; }

    /// <summary>Name within the family. For reports only: nothing may depend on it.</summary>
    public string Name { get; }

    /// <summary>Every declared tensor by name, in the order of case.json.</summary>
    public IReadOnlyDictionary<string, DeclaredTensor> Tensors { get; }

    /// <summary>Expected numbers by path: <c>micro_batches[0]/loss</c>, <c>grad_norms/lm_head.weight</c>.</summary>
    public Dictionary<string, double> Scalars { get; }

    internal JsonElement Arguments { get; }

    internal JsonElement Tolerances { get; }

    /// <summary>Reads and validates case.json of a folder.</summary>
    /// <exception cref="FixtureException">Missing or malformed; one line.</exception>
    public static FixtureCase Read(string directory)
    {
        string path = Path.Combine(directory, "case.json");
        if (!File.Exists(path))
            throw new FixtureException("case.json is missing");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return new FixtureCase(directory, document.RootElement.Clone());
        }
        catch (JsonException exception)
        {
            throw new FixtureException($"case.json: not JSON, line {exception.LineNumber + 1}: {exception.Message}", exception);
        }
    }

    private static Dictionary<string, DeclaredTensor> ReadTensors(JsonElement tensors)
    {
        var result = new Dictionary<string, DeclaredTensor>();
        foreach (JsonProperty tensor in tensors.EnumerateObject())
        {
            string field = $"tensors.{tensor.Name}";
            CaseJson.Require(tensor.Value, field, JsonValueKind.Object);
            JsonElement role = CaseJson.Member(tensor.Value, "role", JsonValueKind.String, $"{field}.");
            JsonElement shape = CaseJson.Member(tensor.Value, "shape", JsonValueKind.Array, $"{field}.");
            string? where = tensor.Value.TryGetProperty("compare_where", out JsonElement condition)
                ? CaseJson.Require(condition, $"{field}.compare_where", JsonValueKind.String).GetString()
                : null;
            result[tensor.Name] = new DeclaredTensor(
                tensor.Name,
                role.GetString() switch
                {
                    "input" => TensorRole.Input,
                    "expected" => TensorRole.Expected,
                    "info" => TensorRole.Info,
                    _ => throw CaseJson.Wrong($"{field}.role", role, "input, expected or info"),
                },
                CaseJson.Text(tensor.Value, "dtype", $"{field}."),
                [.. shape.EnumerateArray().Select(size => CaseJson.Integer(size, $"{field}.shape"))],
                where);
        }

        return result;
    }

    private void Flatten(JsonElement value, string path)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty member in value.EnumerateObject())
                    Flatten(member.Value, path.Length == 0 ? member.Name : $"{path}/{member.Name}");
                break;
            case JsonValueKind.Array:
                int index = 0;
                foreach (JsonElement element in value.EnumerateArray())
                    Flatten(element, $"{path}[{index++}]");
                break;
            default:
                Scalars[path] = CaseJson.Number(value, $"expected_scalars/{path}");
                break;
        }
    }
}
