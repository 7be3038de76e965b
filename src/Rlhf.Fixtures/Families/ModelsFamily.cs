using System.Text.Json;
using Rlhf.Fixtures.Comparison;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels.Memory;
using Rlhf.Models;

namespace Rlhf.Fixtures.Families;

/// <summary>Family models: checkpoints in Hugging Face layout, with a language head or a reward head.</summary>
internal static class ModelsFamily
{
    public static void Run(CaseContext context)
    {
        if (context.Tensors.HasInput("rm_input_ids"))
            RewardModelCase.Run(context);
        else if (context.Tensors.HasInput("input_ids"))
            LanguageModelCase.Run(context);
        else
            throw new FixtureException("expected an input tensor 'input_ids' or 'rm_input_ids'");
    }

    /// <summary>The folder of the checkpoint. How it is stored (layout, dtype, config) is read from its own files.</summary>
    public static string Checkpoint(CaseContext context)
    {
        string name = context.Arguments.Text("checkpoint_dir");
        string type = context.Arguments.Text("model_type");
        context.Arguments.Remarks("checkpoint_layout", "checkpoint_dtype", "config");
        string directory = Path.GetFullPath(Path.Combine(context.Directory, name));
        if (!directory.StartsWith(Path.GetFullPath(context.Directory), StringComparison.Ordinal) || !Directory.Exists(directory))
            throw new FixtureException($"argument 'checkpoint_dir' is {name}: no such folder in the case");
        string config = Path.Combine(directory, "config.json");
        if (!File.Exists(config))
            throw new FixtureException($"{name}/config.json is missing");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(config));
            if (CaseJson.Text(document.RootElement, "model_type") is var stored && stored != type)
                throw new FixtureException($"argument 'model_type' is {type}, {name}/config.json says {stored}");
        }
        catch (JsonException exception)
        {
            throw new FixtureException($"{name}/config.json: not JSON, line {exception.LineNumber + 1}", exception);
        }

        return directory;
    }

    public static TokenBatch Batch(CaseContext context, string ids, string? mask, View<int> positions = default)
    {
        IReadOnlyList<int> shape = context.Tensors.Shape(ids, 2);
        return new TokenBatch
        {
            InputIds = context.Memory.Copy<int>(context.Tensors.Int32s(ids), shape[0], shape[1]),
            Mask = mask is null ? default : context.Memory.Copy<byte>(context.Tensors.Mask(mask, shape[0], shape[1]), shape[0], shape[1]),
            Positions = positions,
        };
    }

    /// <summary>Compares every parameter's gradient, its norm, and the norm of all.</summary>
    public static void CheckGradients(CaseContext context, Transformer transformer)
    {
        Tolerance tolerance = context.Tolerances.For("grads"), ofNorms = context.Tolerances.For("grad_norms");
        double all = 0;
        foreach (Parameter parameter in transformer.Parameters)
        {
            Span<float> gradient = Scratch.Span(transformer.Gradient(parameter));
            context.Check($"grad:{parameter.Name}", gradient, tolerance);
            double sum = 0;
            foreach (float value in gradient)
                sum += (double)value * value;
            all += sum;
            context.CheckScalar($"grad_norms/{parameter.Name}", Math.Sqrt(sum), ofNorms);
        }

        context.CheckScalar("grad_norm_total", Math.Sqrt(all), ofNorms);
    }

    /// <summary>Scalars that tell how far the reference's own f32 run was from its f64 run.</summary>
    public static void Remarks(CaseContext context)
    {
        foreach (string path in context.ScalarsUnder("max_").Where(path => path.EndsWith("_of_reference_float32_run", StringComparison.Ordinal)))
            context.Remark(path);
    }
}
