namespace Rlhf.Models.Checkpoints;

/// <summary>
/// Writes a model directory in Hugging Face layout: <c>config.json</c> and <c>model.safetensors</c>, or shards with their index. The
/// directory is written under another name and then takes the place of the old one in one rename, so a crash leaves the old checkpoint
/// or the new one, never a mixture.
/// </summary>
public static class CheckpointWriter
{
    /// <summary>Largest shard unless the caller says otherwise: 5 GB, as Hugging Face's own writer has it.</summary>
    public const long DefaultShardBytes = 5_000_000_000;

    /// <summary>Writes one checkpoint.</summary>
    /// <param name="directory">Where it will be. An existing checkpoint there is replaced; anything else there is refused.</param>
    /// <param name="configJson">Text of <c>config.json</c>.</param>
    /// <param name="tensors">All weights, in the order in which shards are filled.</param>
    /// <param name="alsoWrite">Puts further files (tokenizer, trainer state) into the directory given to it.</param>
    /// <param name="maxShardBytes">Data bytes of a shard; one tensor larger than that has a shard of its own.</param>
    /// <exception cref="DataFormatException">The directory exists and holds what is no part of a checkpoint.</exception>
    public static void Write(
        string directory,
        string configJson,
        IReadOnlyList<TensorSource> tensors,
        Action<string>? alsoWrite = null,
        long maxShardBytes = DefaultShardBytes)
    {
        SafetensorsWriter.Validate(tensors);
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        string aside = $"{target}.tmp-{Guid.NewGuid():n}";
        Directory.CreateDirectory(aside);
        try
        {
            DurableFile.Write(Path.Combine(aside, "config.json"), stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(configJson)));
            WriteWeights(aside, tensors, maxShardBytes);
            alsoWrite?.Invoke(aside);
            DurableFile.FlushDirectory(aside);
            RequireReplaceable(target, aside);
            DurableFile.ReplaceDirectory(aside, target);
        }
        catch
        {
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
            throw;
        }
    }

    private static void WriteWeights(string directory, IReadOnlyList<TensorSource> tensors, long maxShardBytes)
    {
        Dictionary<string, string> metadata = new() { ["format"] = "pt" };
        List<List<TensorSource>> shards = Split(tensors, maxShardBytes);
        if (shards.Count == 1)
        {
            SafetensorsWriter.Write(Path.Combine(directory, "model.safetensors"), tensors, metadata);
            return;
        }

        List<KeyValuePair<string, string>> weightMap = [];
        for (int i = 0; i < shards.Count; i++)
        {
            string name = $"model-{i + 1:d5}-of-{shards.Count:d5}.safetensors";
            SafetensorsWriter.Write(Path.Combine(directory, name), shards[i], metadata);
            weightMap.AddRange(shards[i].Select(tensor => KeyValuePair.Create(tensor.Name, name)));
        }

        byte[] index = ShardIndex.Write(weightMap.OrderBy(pair => pair.Key, StringComparer.Ordinal), tensors.Sum(tensor => tensor.ByteCount));
        DurableFile.Write(Path.Combine(directory, "model.safetensors.index.json"), stream => stream.Write(index));
    }

    private static List<List<TensorSource>> Split(IReadOnlyList<TensorSource> tensors, long maxShardBytes)
    {
        List<List<TensorSource>> shards = [[]];
        long bytes = 0;
        foreach (TensorSource tensor in tensors)
        {
            if (shards[^1].Count > 0 && bytes + tensor.ByteCount > maxShardBytes)
            {
                shards.Add([]);
                bytes = 0;
            }

            shards[^1].Add(tensor);
            bytes += tensor.ByteCount;
        }

        return shards;
    }

    /// <summary>Replacing a directory removes what was in it, so it must hold nothing but what the new one brings or an older checkpoint had.</summary>
    private static void RequireReplaceable(string target, string aside)
    {
        if (File.Exists(target))
            throw new DataFormatException($"{target}: is a file, expected a directory or nothing");
        if (!Directory.Exists(target))
            return;
        foreach (string entry in Directory.EnumerateFileSystemEntries(target).Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(entry);
            if (!Path.Exists(Path.Combine(aside, name)) && !IsCheckpointFile(name))
                throw new DataFormatException($"{target}: holds '{name}', which is no part of a checkpoint and would be lost; choose another directory");
        }
    }

    private static bool IsCheckpointFile(string name) =>
        name is "config.json" or "generation_config.json" or "tokenizer.json" or "tokenizer_config.json" or "special_tokens_map.json"
            or "added_tokens.json" or "vocab.json" or "merges.txt"
        || (name.StartsWith("model", StringComparison.Ordinal)
            && (name.EndsWith(".safetensors", StringComparison.Ordinal) || name.EndsWith(".safetensors.index.json", StringComparison.Ordinal)))
        || (name.StartsWith("pytorch_model", StringComparison.Ordinal)
            && (name.EndsWith(".bin", StringComparison.Ordinal) || name.EndsWith(".bin.index.json", StringComparison.Ordinal)));
}
