using Rlhf.Kernels.Memory;
using Rlhf.Models.Native;

namespace Rlhf.Models.Generation;

/// <summary>Token by token through a model with a KV cache of fixed size; sequences may leave the batch at any step.</summary>
/// <remarks>Reads the model's weights in place: a step sees an optimizer's update at once. Logits are valid until the next call.</remarks>
public sealed unsafe class Decoder : IDisposable
{
    private readonly DecoderHandle _handle;
    private readonly int _vocab;

    /// <summary>Room for <paramref name="sequences"/> sequences of <paramref name="capacity"/> tokens each, prompt included.</summary>
    public Decoder(LanguageModel model, int sequences, int capacity)
    {
        _handle = model.Transformer.CreateDecoder(sequences, capacity);
        _vocab = model.Config.VocabSize;
        Sequences = sequences;
        Capacity = capacity;
    }

    /// <summary>Most sequences at a time.</summary>
    public int Sequences { get; }

    /// <summary>Most tokens of a sequence, prompt included.</summary>
    public int Capacity { get; }

    /// <summary>Sequences still in the batch.</summary>
    public int Running { get; private set; }

    /// <summary>Starts over with these prompts, at least one token each.</summary>
    /// <returns>[B, V] logits of the token after each prompt.</returns>
    public ReadOnlyView<float> Prefill(in TokenBatch prompts)
    {
        Running = 0;
        float* logits = TorchApi.Prefill(_handle, prompts.ToNative());
        Running = prompts.Batch;
        return new ReadOnlyView<float>(logits, Running, _vocab);
    }

    /// <summary>Appends one token to each running sequence.</summary>
    /// <param name="tokens">[Running].</param>
    /// <returns>[Running, V] logits of the tokens after these.</returns>
    public ReadOnlyView<float> Step(ReadOnlySpan<int> tokens)
    {
        float* logits;
        fixed (int* pointer = tokens)
            logits = TorchApi.Step(_handle, pointer, tokens.Length);
        return new ReadOnlyView<float>(logits, tokens.Length, _vocab);
    }

    /// <summary>Goes on with these of the running sequences, in this order; the others leave.</summary>
    public void Keep(ReadOnlySpan<int> indices)
    {
        fixed (int* pointer = indices)
            TorchApi.Keep(_handle, pointer, indices.Length);
        Running = indices.Length;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
