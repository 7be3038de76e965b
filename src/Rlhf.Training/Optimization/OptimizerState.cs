using System.Globalization;
using Rlhf.Kernels.Memory;
using Rlhf.Models;
using Rlhf.Models.Checkpoints;

namespace Rlhf.Training.Optimization;

/// <summary>An optimizer's vectors in one safetensors file, f32, the step number in the header: what is read is what was written.</summary>
internal static class OptimizerState
{
    private const string StepKey = "step";

    public static void Save(string path, int step, IEnumerable<(string Name, View<float> Values)> states) =>
        SafetensorsWriter.Write(
            path,
            states.Select(state => new TensorSource(state.Name, "F32", [state.Values.Rows], () => Span(state.Values))),
            new Dictionary<string, string> { [StepKey] = step.ToString(CultureInfo.InvariantCulture) });

    public static int Load(string path, IEnumerable<(string Name, View<float> Values)> states)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (!file.Metadata.TryGetValue(StepKey, out string? text)
            || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int step))
        {
            throw new DataFormatException($"{path}: metadata field '{StepKey}' is {text ?? "missing"}, expected the optimizer's step number");
        }

        List<(string Name, View<float> Values)> expected = [.. states];
        HashSet<string> names = [.. expected.Select(state => state.Name)];
        string? stranger = file.Tensors.Select(tensor => tensor.Name).FirstOrDefault(name => !names.Contains(name));
        if (stranger is not null)
            throw new DataFormatException($"{path}: tensor '{stranger}' belongs to no parameter of this model and these options");

        // Everything is checked before anything is overwritten.
        foreach ((string name, View<float> values) in expected)
        {
            TensorInfo info = file.Info(name);
            if (info.Count != values.Rows)
                throw new DataFormatException($"{path}: tensor '{name}' has {info.Count} elements, expected {values.Rows}");
        }

        foreach ((string name, View<float> values) in expected)
            file.Read(name, Span(values));
        return step;
    }

    private static unsafe Span<float> Span(View<float> values) => new(values.Pointer, values.Rows);
}
