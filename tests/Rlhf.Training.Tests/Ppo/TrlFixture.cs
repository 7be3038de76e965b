using System.Text.Json;
using Rlhf.Kernels.Memory;
using Rlhf.Models.Checkpoints;
using Rlhf.Training.Ppo;

namespace Rlhf.Training.Tests.Ppo;

/// <summary>One recorded run of TRL's PPOTrainer: its settings, tensors and logged numbers.</summary>
internal sealed class TrlFixture : IDisposable
{
    /// <summary>The recorded runs of TRL's train().</summary>
    public static readonly string[] Cases =
    [
        "all_padding_row", "k1_basic", "k3_temp07", "minibatches", "missing_eos_penalty", "no_stop_token", "pad_is_eos",
        "response_len_1", "tldr_shape", "whiten_rewards",
    ];

    private readonly SafetensorsFile _tensors;
    private readonly JsonDocument _json;

    public TrlFixture(string name)
    {
        string folder = Path.Combine(RepositoryRoot(), "tests", "fixtures", "ppo", name);
        _tensors = SafetensorsFile.Open(Path.Combine(folder, "tensors.safetensors"));
        _json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json")));
    }

    public int Batch => Integer("B");

    public int Time => Integer("response_length");

    public int Context => Integer("context_length");

    public int Pad => Integer("pad_token_id");

    public int Eos => Integer("eos_token_id");

    public int? Stop => Argument("stop_token_id") is { ValueKind: JsonValueKind.Number } stop ? stop.GetInt32() : null;

    public float? MissingEosPenalty =>
        Argument("missing_eos_penalty") is { ValueKind: JsonValueKind.Number } penalty ? penalty.GetSingle() : null;

    public int MicroBatches => _json.RootElement.GetProperty("expected_scalars").GetProperty("micro_batches").GetArrayLength();

    public JsonElement Argument(string name) => _json.RootElement.GetProperty("arguments").GetProperty(name);

    public int Integer(string name) => Argument(name).GetInt32();

    public float Single(string name) => Argument(name).GetSingle();

    public float[] Floats(string name) => _tensors.ReadSingle(name);

    public double[] Doubles(string name) => _tensors.ReadDouble(name);

    public int[] Integers(string name) => Array.ConvertAll(_tensors.ReadInt64(name), value => (int)value);

    public bool[] Booleans(string name) => _tensors.ReadBoolean(name);

    public double Metric(string name) => Number(_json.RootElement.GetProperty("expected_scalars").GetProperty("batch_metrics").GetProperty(name));

    public double MicroMetric(int step, string name) =>
        Number(_json.RootElement.GetProperty("expected_scalars").GetProperty("micro_batches")[step].GetProperty(name));

    /// <summary>A rollout up to the point where TRL has log-probs, values and scores: truncated, measured, masked.</summary>
    public RolloutBatch Rollout()
    {
        var batch = new RolloutBatch(Batch, Time);
        Fill(batch.Responses, Integers("responses"));
        ResponseTruncation.Truncate(batch.Responses, Stop, Pad, batch.Responses);
        ResponseTruncation.CountTokens(batch.Responses, Stop, Pad, PpoConventions.Trl.LengthRule, batch.Lengths);
        ResponseTruncation.MarkContaining(batch.Responses, Eos, batch.HasEos);
        Fill(batch.Logprobs, Floats("logprobs_unmasked"));
        Fill(batch.RefLogprobs, Floats("ref_logprobs_unmasked"));
        Fill(batch.Values, Floats("old_values"));
        batch.ApplyLengths(PpoConventions.Trl);
        float[] rewardModel = Floats("reward_logits");
        for (int b = 0; b < Batch; b++)
            batch.Scores[b] = rewardModel[(b * (Context + Time)) + Context + batch.Lengths[b] - 1];
        return batch;
    }

    /// <summary>Row-major values into a view.</summary>
    public static void Fill<T>(View<T> view, T[] values)
        where T : unmanaged
    {
        for (int row = 0; row < view.Rows; row++)
        {
            for (int col = 0; col < view.Cols; col++)
                view[row, col] = values[(row * view.Cols) + col];
        }
    }

    /// <summary>A view as a row-major array.</summary>
    public static T[] ToArray<T>(View<T> view)
        where T : unmanaged
    {
        var values = new T[view.Count];
        for (int row = 0; row < view.Rows; row++)
        {
            for (int col = 0; col < view.Cols; col++)
                values[(row * view.Cols) + col] = view[row, col];
        }

        return values;
    }

    public void Dispose()
    {
        _tensors.Dispose();
        _json.Dispose();
    }

    private static double Number(JsonElement element) =>
        element.ValueKind == JsonValueKind.String ? double.Parse(element.GetString()!) : element.GetDouble();

    private static string RepositoryRoot()
    {
        string? directory = TestContext.CurrentContext.TestDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Rlhf.Native.sln")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new DirectoryNotFoundException("no Rlhf.Native.sln above the test directory");
    }
}
