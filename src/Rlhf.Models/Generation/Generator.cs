using Rlhf.Kernels.Memory;

namespace Rlhf.Models.Generation;

/// <summary>Continues prompts with a model and a sampler. Holds the KV cache, so keep one for prompts of like size.</summary>
/// <param name="model">Read in place at every step.</param>
/// <param name="maxBatch">Sequences at a time; more prompts run one batch after the other.</param>
public sealed class Generator(LanguageModel model, int maxBatch = 64) : IDisposable
{
    private Decoder? _decoder;

    /// <summary>Generates until every sequence has ended.</summary>
    /// <param name="prompts">[B, L]; positions should start at each first real token (<see cref="PositionIds"/>) when padded on the left.</param>
    /// <param name="sampler">Chooses tokens.</param>
    /// <param name="options">When to end.</param>
    /// <exception cref="ArgumentException">A prompt without a token, a token id out of range (named), or more positions than the model has.</exception>
    public GenerationResult Generate(in TokenBatch prompts, ITokenSampler sampler, GenerationOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxNewTokens, 1);
        int capacity = prompts.Length + options.MaxNewTokens, batch = Math.Min(maxBatch, prompts.Batch);
        if (_decoder is null || _decoder.Sequences < batch || _decoder.Capacity < capacity)
        {
            _decoder?.Dispose();
            _decoder = new Decoder(model, batch, capacity);
        }

        int width = options.MaxNewTokens;
        int[] tokens = new int[prompts.Batch * width], lengths = new int[prompts.Batch];
        float[] logprobs = new float[prompts.Batch * width];
        Array.Fill(tokens, options.PadToken);
        for (int first = 0; first < prompts.Batch; first += batch)
        {
            int count = Math.Min(batch, prompts.Batch - first);
            Run(prompts.Slice(first, count), sampler, options, first, tokens, logprobs, lengths);
        }

        int longest = lengths.Max();
        return new GenerationResult(longest, Narrow(tokens, width, longest), Narrow(logprobs, width, longest), lengths);
    }

    /// <inheritdoc/>
    public void Dispose() => _decoder?.Dispose();

    private unsafe void Run(
        in TokenBatch prompts, ITokenSampler sampler, GenerationOptions options, int first, int[] tokens, float[] logprobs, int[] lengths)
    {
        int count = prompts.Batch, width = options.MaxNewTokens;
        using HostBuffer<long> identities = new(count);
        using HostBuffer<int> drawn = new(count);
        using HostBuffer<float> drawnLogprobs = new(count);
        int[] rows = [.. Enumerable.Range(first, count)], staying = new int[count];
        ReadOnlyView<float> logits = _decoder!.Prefill(prompts);
        for (int position = 0; ; position++)
        {
            int running = logits.Rows;
            for (int i = 0; i < running; i++)
                identities.Pointer[i] = options.FirstSequence + rows[i];
            sampler.Sample(
                logits, identities.View(running), ReadOnlyView<int>.Vector(&position, running, stride: 0), drawn.View(running), drawnLogprobs.View(running));
            int kept = 0;
            for (int i = 0; i < running; i++)
            {
                int row = rows[i], token = drawn.Pointer[i];
                tokens[(row * width) + position] = token;
                logprobs[(row * width) + position] = drawnLogprobs.Pointer[i];
                lengths[row] = position + 1;
                if (options.StopTokens.Contains(token))
                    continue;
                staying[kept] = i;
                rows[kept] = row;
                drawn.Pointer[kept++] = token;
            }

            if (kept == 0 || position + 1 == width)
                return;
            if (kept < running)
                _decoder.Keep(staying.AsSpan(0, kept));
            logits = _decoder.Step(drawn.Span[..kept]);
        }
    }

    private static T[] Narrow<T>(T[] values, int from, int to)
    {
        if (from == to)
            return values;
        T[] result = new T[values.Length / from * to];
        for (int row = 0; row * from < values.Length; row++)
            values.AsSpan(row * from, to).CopyTo(result.AsSpan(row * to));
        return result;
    }
}
