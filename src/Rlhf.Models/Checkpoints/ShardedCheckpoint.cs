namespace Rlhf.Models.Checkpoints;

/// <summary>Several files that an index puts together. Only tensors that the index names are visible.</summary>
internal sealed class ShardedCheckpoint : ICheckpoint
{
    private readonly List<ICheckpoint> _shards = [];
    private readonly Dictionary<string, ICheckpoint> _owners = [];

    private ShardedCheckpoint(string path) => Path = path;

    public string Path { get; }

    public IReadOnlyList<TensorInfo> Tensors { get; private set; } = [];

    /// <summary>Opens every shard named by an index file.</summary>
    /// <param name="indexPath">Path of the <c>.index.json</c>; shards lie beside it.</param>
    /// <param name="openShard">Opens one shard.</param>
    public static ShardedCheckpoint Open(string indexPath, Func<string, ICheckpoint> openShard)
    {
        Dictionary<string, string> map = ShardIndex.Read(indexPath);
        string directory = System.IO.Path.GetDirectoryName(indexPath)!;
        ShardedCheckpoint checkpoint = new(indexPath);
        try
        {
            List<TensorInfo> tensors = [];
            foreach (string file in map.Values.Distinct().Order(StringComparer.Ordinal))
            {
                ICheckpoint shard = openShard(System.IO.Path.Combine(directory, file));
                checkpoint._shards.Add(shard);
                foreach (TensorInfo tensor in shard.Tensors.Where(tensor => map.GetValueOrDefault(tensor.Name) == file))
                {
                    tensors.Add(tensor);
                    checkpoint._owners.Add(tensor.Name, shard);
                }
            }

            foreach ((string name, string file) in map)
            {
                if (!checkpoint._owners.ContainsKey(name))
                    throw new DataFormatException($"{indexPath}: tensor '{name}' is not in '{file}', where weight_map says it is");
            }

            checkpoint.Tensors = tensors;
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    public void Read(string name, Span<float> destination)
    {
        if (!_owners.TryGetValue(name, out ICheckpoint? owner))
            throw new DataFormatException($"{Path}: no tensor '{name}' among the {_owners.Count} of the index");
        owner.Read(name, destination);
    }

    public void Dispose() => _shards.ForEach(shard => shard.Dispose());
}
