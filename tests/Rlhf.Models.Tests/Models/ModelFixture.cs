using System.Text.Json;
using Rlhf.Kernels.Memory;
using Rlhf.Models.Checkpoints;
using Rlhf.Models.Tests.Checkpoints;

namespace Rlhf.Models.Tests.Models;

/// <summary>One case of tests/fixtures/models: a checkpoint and what the reference computes from it.</summary>
internal sealed class ModelFixture : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    internal ModelFixture(string name)
    {
        string folder = TestDirectory.Fixture(Path.Combine("models", name));
        Checkpoint = Path.Combine(folder, "checkpoint");
        Tensors = SafetensorsFile.Open(Path.Combine(folder, "tensors.safetensors"));
        _owned.Add(Tensors);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
        Case = document.RootElement.Clone();
    }

    internal static string[] LanguageCases => ["gpt2", "gpt2_bin", "pythia", "llama_gqa_sharded", "mistral", "qwen2_tied"];

    internal static string[] RewardCases => ["gpt2_rm", "pythia_rm", "llama_rm"];

    internal string Checkpoint { get; }

    internal SafetensorsFile Tensors { get; }

    internal JsonElement Case { get; }

    internal JsonElement Arguments => Case.GetProperty("arguments");

    internal JsonElement Scalars => Case.GetProperty("expected_scalars");

    internal int Pad => Arguments.GetProperty("pad_token_id").GetInt32();

    internal View<int> Ints(string name)
    {
        int[] values = [.. Tensors.ReadInt64(name).Select(value => (int)value)];
        IReadOnlyList<int> shape = Tensors.Info(name).Shape;
        return Own(values, shape[0], shape.Count > 1 ? shape[1] : 1);
    }

    internal View<byte> Mask(string name)
    {
        byte[] values = [.. Tensors.ReadInt64(name).Select(value => (byte)value)];
        IReadOnlyList<int> shape = Tensors.Info(name).Shape;
        return Own(values, shape[0], shape[1]);
    }

    internal View<T> Own<T>(T[] values, int rows, int cols = 1)
        where T : unmanaged
    {
        HostBuffer<T> buffer = new(values);
        _owned.Add(buffer);
        return buffer.View(rows, cols);
    }

    /// <summary>The left-padded batch with positions as Hugging Face's generate makes them.</summary>
    internal TokenBatch PaddedBatch()
    {
        View<byte> mask = Mask("attention_mask");
        View<int> positions = Own(new int[mask.Count], mask.Rows, mask.Cols);
        PositionIds.HuggingFace(mask, positions);
        return new TokenBatch { InputIds = Ints("input_ids"), Mask = mask, Positions = positions };
    }

    public void Dispose() => _owned.ForEach(item => item.Dispose());
}
