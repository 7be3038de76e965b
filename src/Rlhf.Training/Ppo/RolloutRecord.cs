using Rlhf.Models;
using Rlhf.Training.Data;

namespace Rlhf.Training.Ppo;

/// <summary>
/// The responses that a run drew, by episode: <c>rollouts.jsonl</c>, one object <c>{"step", "episode", "tokens"}</c> a line. Another run
/// that replays them sees the same tokens, whatever its kernels would have drawn, so that two backends can be compared update by update.
/// </summary>
public sealed class RolloutRecord
{
    /// <summary>Name of the file in a run's directory.</summary>
    public const string FileName = "rollouts.jsonl";

    private readonly Dictionary<long, int[]> _responses = [];
    private readonly string _path;

    private RolloutRecord(string path) => _path = path;

    /// <summary>Reads a record.</summary>
    /// <param name="path">The file.</param>
    /// <param name="vocabulary">Token ids are below this.</param>
    /// <exception cref="DataFormatException">Names file, line and field.</exception>
    public static RolloutRecord Load(string path, int vocabulary)
    {
        var record = new RolloutRecord(path);
        foreach (JsonLine line in JsonLines.Read(path))
        {
            int[] tokens = line.Integers("tokens");
            int bad = Array.FindIndex(tokens, token => (uint)token >= (uint)vocabulary);
            if (bad >= 0)
                throw line.Error($"tokens[{bad}]", $"{tokens[bad]}, expected a token id from 0 to {vocabulary - 1}");
            if (tokens.Length == 0)
                throw line.Error("tokens", "empty, expected at least one token");
            long episode = line.Integer("episode");
            if (!record._responses.TryAdd(episode, tokens))
                throw line.Error("episode", $"{episode} stands in an earlier line, expected each episode once");
        }

        return record;
    }

    /// <summary>The token that an episode drew at a position.</summary>
    /// <exception cref="DataFormatException">The record holds no such token.</exception>
    public int Token(long episode, int position)
    {
        if (!_responses.TryGetValue(episode, out int[]? tokens))
            throw new DataFormatException($"{_path}: episode {episode} is missing, expected every episode of the run that replays it");
        return position < tokens.Length
            ? tokens[position]
            : throw new DataFormatException($"{_path}: episode {episode} has {tokens.Length} tokens, expected more: was it recorded with other stop tokens or a shorter response length?");
    }
}
