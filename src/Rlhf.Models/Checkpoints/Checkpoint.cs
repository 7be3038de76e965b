namespace Rlhf.Models.Checkpoints;

/// <summary>Opens the weights of a model whatever form they are stored in.</summary>
public static class Checkpoint
{
    private static readonly string[] FileNames =
        ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

    /// <summary>
    /// Opens a checkpoint directory in Hugging Face layout (the first that exists of <c>model.safetensors</c>, its index,
    /// <c>pytorch_model.bin</c>, its index), or one such file of any name.
    /// </summary>
    /// <exception cref="DataFormatException">Nothing there, or malformed; one line lists what was looked for.</exception>
    public static ICheckpoint Open(string path)
    {
        if (!Directory.Exists(path))
            return OpenFile(path);
        foreach (string name in FileNames)
        {
            string file = Path.Combine(path, name);
            if (File.Exists(file))
                return OpenFile(file);
        }

        throw new DataFormatException($"{path}: no weights in this directory, expected one of {string.Join(", ", FileNames)}");
    }

    private static ICheckpoint OpenFile(string path)
    {
        if (path.EndsWith(".safetensors.index.json", StringComparison.Ordinal))
            return ShardedCheckpoint.Open(path, SafetensorsFile.Open);
        if (path.EndsWith(".bin.index.json", StringComparison.Ordinal))
            return ShardedCheckpoint.Open(path, TorchFile.Open);
        return Path.GetExtension(path) is ".bin" or ".pt" or ".pth" ? TorchFile.Open(path) : SafetensorsFile.Open(path);
    }
}
