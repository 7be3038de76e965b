using Rlhf.Models.Checkpoints;

namespace Rlhf.Models;

/// <summary>Moves weights between a model and a checkpoint directory.</summary>
internal static unsafe class ModelFiles
{
    /// <summary>Fills a model from a directory; <paramref name="withHead"/> false leaves the head alone and ignores the checkpoint's.</summary>
    internal static void Load(Transformer model, string directory, bool withHead)
    {
        using ICheckpoint checkpoint = Checkpoint.Open(directory);
        Dictionary<string, TensorInfo> stored = checkpoint.Tensors.ToDictionary(tensor => tensor.Name);
        string prefix = ParameterNames.Prefix(model.Config.Family);
        foreach (Parameter parameter in model.Parameters)
        {
            if (!withHead && IsHead(model, parameter.Name))
                continue;
            // The original gpt2 upload, and a bare backbone, come without the prefix.
            string bare = parameter.Name.StartsWith(prefix, StringComparison.Ordinal) ? parameter.Name[prefix.Length..] : parameter.Name;
            if (!stored.Remove(parameter.Name, out TensorInfo tensor) && !stored.Remove(bare, out tensor))
                throw new DataFormatException($"{checkpoint.Path}: tensor '{parameter.Name}' {Shape(parameter.Shape)} is missing");
            if (!tensor.Shape.SequenceEqual(parameter.Shape))
                throw new DataFormatException($"{tensor.File}: tensor '{tensor.Name}' has shape {Shape(tensor.Shape)}, config.json asks for {Shape(parameter.Shape)}");
            checkpoint.Read(tensor.Name, new Span<float>(model.Weight(parameter).Pointer, parameter.Count));
        }

        foreach (TensorInfo tensor in stored.Values)
        {
            if (!ParameterNames.IsBuffer(tensor.Name) && !IsSpareHead(model, tensor.Name, withHead))
                throw new DataFormatException($"{tensor.File}: tensor '{tensor.Name}' {Shape(tensor.Shape)} belongs to no parameter of this model");
        }
    }

    internal static void Save(Transformer model, ModelConfig config, string directory, string dtype, Action<string>? alsoWrite)
    {
        List<TensorSource> tensors = [];
        foreach (Parameter parameter in model.Parameters)
            tensors.Add(new TensorSource(parameter.Name, dtype, parameter.Shape, () => new ReadOnlySpan<float>(model.Weight(parameter).Pointer, parameter.Count)));
        CheckpointWriter.Write(directory, ModelConfigWriter.Write(config, model.Head, dtype), tensors, alsoWrite);
    }

    private static bool IsHead(Transformer model, string name) =>
        name.StartsWith(ParameterNames.Head(model.Config.Family, model.Head) + ".", StringComparison.Ordinal);

    /// <summary>A tied head stored a second time, or the head of another kind of model when only the backbone is wanted.</summary>
    private static bool IsSpareHead(Transformer model, string name, bool withHead)
    {
        string language = ParameterNames.Head(model.Config.Family, HeadKind.Language) + ".weight";
        return withHead
            ? model.Head == HeadKind.Language && model.Config.TieEmbeddings && name == language
            : name == language || name.StartsWith("score.", StringComparison.Ordinal);
    }

    private static string Shape(IReadOnlyList<int> shape) => $"[{string.Join(", ", shape)}]";
}
