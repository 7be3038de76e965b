using System.Text.Json.Nodes;

namespace Rlhf.Training.Metrics;

/// <summary>
/// Writes a run's <c>metrics.jsonl</c> (one object a step, <c>step</c> first) and <c>completions.jsonl</c> (one object a completion,
/// <c>kind</c> rollout or sample); on request <c>rollouts.jsonl</c> (one object a response: all that <see cref="Ppo.RolloutRecord"/> needs)
/// and the metrics as TensorBoard events.
/// </summary>
public sealed class RunLog : ITrainingObserver, IDisposable
{
    private readonly JsonLinesSink _metrics;
    private readonly string _completionsPath;
    private readonly bool _append;
    private readonly JsonLinesSink? _rollouts;
    private readonly TensorBoardLog? _tensorBoard;
    private JsonLinesSink? _completions;

    /// <summary>Logs in a run's directory.</summary>
    /// <param name="directory">Made if needed.</param>
    /// <param name="append">Go on after what is there (a resumed run).</param>
    /// <param name="rollouts">Write every response that is drawn.</param>
    /// <param name="tensorBoard">Write the metrics for TensorBoard as well, in <c>tensorboard/</c>.</param>
    public RunLog(string directory, bool append = false, bool rollouts = false, bool tensorBoard = false)
    {
        _append = append;
        _metrics = new JsonLinesSink(Path.Combine(directory, "metrics.jsonl"), append);
        _rollouts = rollouts ? new JsonLinesSink(Path.Combine(directory, Ppo.RolloutRecord.FileName), append) : null;
        _tensorBoard = tensorBoard ? new TensorBoardLog(Path.Combine(directory, "tensorboard")) : null;
        _completionsPath = Path.Combine(directory, "completions.jsonl");
    }

    /// <inheritdoc/>
    public void Stepped(int step, IReadOnlyDictionary<string, double> metrics)
    {
        var line = new JsonObject { [MetricNames.Step] = step };
        foreach ((string name, double value) in metrics)
            line[name] = JsonLinesSink.Number(value);
        _metrics.Write(line);
        _tensorBoard?.Stepped(step, metrics);
    }

    /// <inheritdoc/>
    public void Drew(int step, long firstEpisode, IReadOnlyList<int[]> responses) =>
        _rollouts?.Write(responses.Select((tokens, i) => new JsonObject
        {
            [MetricNames.Step] = step,
            ["episode"] = firstEpisode + i,
            ["tokens"] = Array(tokens),
        }));

    /// <inheritdoc/>
    public void Collected(int step, IReadOnlyList<CompletionSample> samples) => Write(step, "rollout", samples);

    /// <inheritdoc/>
    public void Sampled(int step, IReadOnlyList<CompletionSample> samples) => Write(step, "sample", samples);

    /// <inheritdoc/>
    public void Dispose()
    {
        _metrics.Dispose();
        _rollouts?.Dispose();
        _tensorBoard?.Dispose();
        _completions?.Dispose();
    }

    private void Write(int step, string kind, IReadOnlyList<CompletionSample> samples)
    {
        _completions ??= new JsonLinesSink(_completionsPath, _append);
        _completions.Write(samples.Select(sample => new JsonObject
        {
            [MetricNames.Step] = step,
            ["kind"] = kind,
            ["query"] = sample.Query,
            ["response"] = sample.Response,
            ["score"] = JsonLinesSink.Number(sample.Score),
            ["kl"] = JsonLinesSink.Number(sample.Kl),
            ["query_tokens"] = Array(sample.QueryTokens),
            ["response_tokens"] = Array(sample.ResponseTokens),
        }));
    }

    private static JsonArray Array(int[] tokens) => [.. tokens.Select(token => JsonValue.Create(token))];
}
