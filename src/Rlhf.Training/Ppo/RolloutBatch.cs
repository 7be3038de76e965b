using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Ppo;

/// <summary>
/// The numbers of one rollout: B responses of up to T tokens in native memory, from the sampled tokens to their advantages.
/// Everything after a response's last token is 0 in float tensors and padding in <see cref="Responses"/>.
/// </summary>
public sealed class RolloutBatch : IDisposable
{
    private readonly HostBuffer<int> _ints;
    private readonly HostBuffer<float> _floats;
    private readonly HostBuffer<byte> _bytes;

    /// <summary>Zeroed tensors for <paramref name="batch"/> responses of <paramref name="time"/> tokens.</summary>
    public RolloutBatch(int batch, int time)
    {
        Batch = batch;
        Time = time;
        long matrix = (long)batch * time;
        _ints = new HostBuffer<int>(matrix + batch);
        _floats = new HostBuffer<float>((9 * matrix) + (2L * batch));
        _bytes = new HostBuffer<byte>((2 * matrix) + batch);
    }

    /// <summary>Number of responses (B).</summary>
    public int Batch { get; }

    /// <summary>Slots of each response (T).</summary>
    public int Time { get; }

    /// <summary>[B, T] truncated responses.</summary>
    public View<int> Responses => Slice(_ints, 0);

    /// <summary>[B] real tokens of each response.</summary>
    public View<int> Lengths => Column(_ints, 1, 0);

    /// <summary>[B, T] 1 at real tokens: where the policy is trained.</summary>
    public View<byte> Mask => Slice(_bytes, 0);

    /// <summary>[B, T] 1 where a value is trained.</summary>
    public View<byte> ValueMask => Slice(_bytes, 1);

    /// <summary>[B] 1 where the response passes the EOS test.</summary>
    public View<byte> HasEos => Column(_bytes, 2, 0);

    /// <summary>[B, T] log-probs at sampling time.</summary>
    public View<float> Logprobs => Slice(_floats, 0);

    /// <summary>[B, T] log-probs of the reference policy.</summary>
    public View<float> RefLogprobs => Slice(_floats, 1);

    /// <summary>[B, T] values at sampling time.</summary>
    public View<float> Values => Slice(_floats, 2);

    /// <summary>[B, T] per-token KL estimate.</summary>
    public View<float> Kl => Slice(_floats, 3);

    /// <summary>[B, T] −β·KL plus the score, before whitening.</summary>
    public View<float> ShapedRewards => Slice(_floats, 4);

    /// <summary>[B, T] rewards that enter the advantage recurrence.</summary>
    public View<float> Rewards => Slice(_floats, 5);

    /// <summary>[B, T] advantages before whitening.</summary>
    public View<float> RawAdvantages => Slice(_floats, 6);

    /// <summary>[B, T] whitened advantages.</summary>
    public View<float> Advantages => Slice(_floats, 7);

    /// <summary>[B, T] value targets: unwhitened advantages plus values.</summary>
    public View<float> Returns => Slice(_floats, 8);

    /// <summary>[B] scores as the reward function gave them.</summary>
    public View<float> Scores => Column(_floats, 9, 0);

    /// <summary>[B] scores after normalisation, clipping and the missing-EOS rule.</summary>
    public View<float> FinalScores => Column(_floats, 9, 1);

    /// <summary>Copies rows of this batch into the first rows of another: a mini-batch in the order of a permutation.</summary>
    public void Gather(ReadOnlySpan<int> rows, RolloutBatch into)
    {
        if (into.Time != Time || into.Batch != rows.Length)
            throw new ArgumentException($"into is [{into.Batch}, {into.Time}], expected [{rows.Length}, {Time}]");

        Gather(_ints, rows, into._ints, into.Batch, 1, 1);
        Gather(_bytes, rows, into._bytes, into.Batch, 2, 1);
        Gather(_floats, rows, into._floats, into.Batch, 9, 2);
    }

    /// <summary>Copies what <see cref="AdvantageEstimation"/> wrote in a mini-batch back to the rows it was gathered from.</summary>
    public void ScatterEstimates(ReadOnlySpan<int> rows, RolloutBatch from)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            for (int t = 0; t < Time; t++)
            {
                Rewards[rows[i], t] = from.Rewards[i, t];
                RawAdvantages[rows[i], t] = from.RawAdvantages[i, t];
                Advantages[rows[i], t] = from.Advantages[i, t];
                Returns[rows[i], t] = from.Returns[i, t];
            }
        }
    }

    /// <summary>Makes masks from <see cref="Lengths"/> and zeroes the values that no one trains.</summary>
    public void ApplyLengths(PpoConventions conventions)
    {
        SequenceMasks.FromLengths(Lengths, 0, Mask);
        SequenceMasks.FromLengths(Lengths, conventions.ExtraValueSlots, ValueMask);
        View<byte> mask = Mask, valueMask = ValueMask;
        View<float> logprobs = Logprobs, reference = RefLogprobs, values = Values;
        for (int b = 0; b < Batch; b++)
        {
            for (int t = Lengths[b]; t < Time; t++)
            {
                logprobs[b, t] = mask[b, t] == 0 ? 0 : logprobs[b, t];
                reference[b, t] = mask[b, t] == 0 ? 0 : reference[b, t];
                values[b, t] = valueMask[b, t] == 0 ? 0 : values[b, t];
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ints.Dispose();
        _floats.Dispose();
        _bytes.Dispose();
    }

    private unsafe View<T> Slice<T>(HostBuffer<T> buffer, int matrix)
        where T : unmanaged => new(buffer.Pointer + ((long)matrix * Batch * Time), Batch, Time);

    private unsafe View<T> Column<T>(HostBuffer<T> buffer, int matrices, int column)
        where T : unmanaged => new(buffer.Pointer + ((long)matrices * Batch * Time) + ((long)column * Batch), Batch, 1);

    private void Gather<T>(HostBuffer<T> from, ReadOnlySpan<int> rows, HostBuffer<T> to, int toBatch, int matrices, int columns)
        where T : unmanaged
    {
        for (int i = 0; i < rows.Length; i++)
        {
            for (int m = 0; m < matrices; m++)
            {
                from.Span.Slice(((m * Batch) + rows[i]) * Time, Time).CopyTo(to.Span.Slice(((m * toBatch) + i) * Time, Time));
            }

            for (int c = 0; c < columns; c++)
                to.Span[(((matrices * Time) + c) * toBatch) + i] = from.Span[(((matrices * Time) + c) * Batch) + rows[i]];
        }
    }
}
