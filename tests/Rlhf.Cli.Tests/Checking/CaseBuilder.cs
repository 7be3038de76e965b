using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace Rlhf.Cli.Tests.Checking;

/// <summary>
/// A small case in a folder of its own. <see cref="Gae"/> is one that passes: rewards 1 and 2, values 0, γ = λ = 1, so advantages
/// and returns are 3 and 2. Tests change one thing and write it.
/// </summary>
internal sealed class CaseBuilder
{
    private readonly SortedDictionary<string, (string DType, int[] Shape, byte[] Data)> _stored = [];

    public JsonObject Arguments { get; } = [];

    public JsonObject Tensors { get; } = [];

    public JsonObject Tolerances { get; } = [];

    public JsonObject Scalars { get; } = [];

    public JsonObject Top { get; } = [];

    public string Family { get; set; } = "gae";

    public string Name { get; set; } = "small";

    public static CaseBuilder Gae()
    {
        var builder = new CaseBuilder();
        builder.Arguments["layout"] = "[B,T]";
        builder.Arguments["grid"] = new JsonArray(new JsonObject { ["gamma"] = 1.0, ["lambda"] = 1.0 });
        builder.Tolerances["float32"] = new JsonObject { ["rtol"] = 1e-5, ["atol"] = 1e-6 };
        return builder
            .Floats("rewards", "input", [1, 2], 1, 2)
            .Floats("values", "input", [1, 2], 0, 0)
            .Floats("adv_0", "expected", [1, 2], 3, 2)
            .Floats("ret_0", "expected", [1, 2], 3, 2);
    }

    /// <summary>Two rows of two logits: one of the order of 1e4, one ordinary. Both selected tokens are all but certain.</summary>
    public static CaseBuilder Logits(float firstLogprob = 0, float secondLogprob = 0)
    {
        var builder = new CaseBuilder { Family = "kernels" };
        builder.Arguments["temperature"] = 1.0;
        builder.Tolerances["logprob"] = new JsonObject { ["rtol"] = 1e-5, ["atol"] = 2e-5, ["note"] = "float32 kernels; where |logit| is ~1e4 use atol 2e-3" };
        builder.Tolerances["entropy"] = new JsonObject { ["rtol"] = 1e-4, ["atol"] = 2e-5 };
        builder.Tolerances["grads"] = new JsonObject { ["rtol"] = 1e-4, ["atol"] = 1e-6, ["note"] = "times max |weight|" };
        return builder
            .Floats("logits", "input", [2, 2], 10_000, 0, 100, 0)
            .Integers("index", "input", [2], 0, 0)
            .Floats("logprob", "expected", [2], firstLogprob, secondLogprob);
    }

    public CaseBuilder Floats(string name, string role, int[] shape, params float[] values) =>
        Add(name, role, "F32", shape, MemoryMarshal.AsBytes<float>(values).ToArray());

    public CaseBuilder Integers(string name, string role, int[] shape, params long[] values) =>
        Add(name, role, "I64", shape, MemoryMarshal.AsBytes<long>(values).ToArray());

    public CaseBuilder Change(Action<CaseBuilder> change)
    {
        change(this);
        return this;
    }

    public JsonObject Tensor(string name) => (JsonObject)Tensors[name]!;

    public byte[] Safetensors()
    {
        var header = new JsonObject();
        using var data = new MemoryStream();
        foreach ((string name, (string dtype, int[] shape, byte[] bytes)) in _stored)
        {
            long start = data.Length;
            data.Write(bytes);
            header[name] = new JsonObject { ["dtype"] = dtype, ["shape"] = Json(shape), ["data_offsets"] = new JsonArray(start, data.Length) };
        }

        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString());
        byte[] result = new byte[8 + text.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(result, text.Length);
        text.CopyTo(result, 8);
        data.ToArray().CopyTo(result, 8 + text.Length);
        return result;
    }

    /// <summary>Writes root/family/case and returns that folder.</summary>
    public string Write(string root)
    {
        string folder = Path.Combine(root, Family, Name);
        Directory.CreateDirectory(folder);
        Top["family"] = Family;
        Top["case"] = Name;
        Top["arguments"] = Arguments;
        Top["tensors"] = Tensors;
        Top["tolerances"] = Tolerances;
        Top["expected_scalars"] = Scalars;
        File.WriteAllText(Path.Combine(folder, "case.json"), Top.ToJsonString());
        File.WriteAllBytes(Path.Combine(folder, "tensors.safetensors"), Safetensors());
        return folder;
    }

    private static JsonArray Json(int[] shape) => new([.. shape.Select(size => (JsonNode)size)]);

    private CaseBuilder Add(string name, string role, string dtype, int[] shape, byte[] data)
    {
        Tensors[name] = new JsonObject { ["role"] = role, ["dtype"] = dtype, ["shape"] = Json(shape), ["meaning"] = string.Empty };
        _stored[name] = (dtype, shape, data);
        return this;
    }
}
