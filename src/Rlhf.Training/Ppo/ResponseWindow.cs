using Rlhf.Kernels.Memory;
using Rlhf.Models;

namespace Rlhf.Training.Ppo;

/// <summary>
/// Some responses of a rollout as one forward pass: prompt and response side by side without padding between them, the positions that
/// predict response tokens, and the way between [B, T] matrices and the [N] vectors of just those positions.
/// </summary>
internal sealed class ResponseWindow : IDisposable
{
    private HostBuffer<int> _ids = new(0), _rows = new(0), _targets = new(0);
    private HostBuffer<byte> _mask = new(0);
    private int[] _responses = [], _starts = [];

    /// <summary>[b, L] tokens, padded on the right: columns are positions.</summary>
    public TokenBatch Tokens { get; private set; }

    /// <summary>Number of positions (N).</summary>
    public int Count { get; private set; }

    /// <summary>[N] flat positions whose hidden states predict the tokens: that of token t − 1 for token t.</summary>
    public View<int> Rows => _rows.View(Count);

    /// <summary>[N] the tokens themselves (0 in a slot after the last token).</summary>
    public View<int> Targets => _targets.View(Count);

    /// <summary>Loads responses.</summary>
    /// <param name="prompts">Prompts of the whole rollout.</param>
    /// <param name="batch">The rollout.</param>
    /// <param name="responses">Which of its rows, in this order.</param>
    /// <param name="extra">Slots after the last token, as far as T goes: 1 for a value after the end.</param>
    public void Load(IReadOnlyList<int[]> prompts, RolloutBatch batch, ReadOnlySpan<int> responses, int extra)
    {
        _responses = responses.ToArray();
        _starts = new int[responses.Length + 1];
        int columns = 1;
        for (int i = 0; i < responses.Length; i++)
        {
            int slots = Math.Min(batch.Time, batch.Lengths[responses[i]] + extra);
            _starts[i + 1] = _starts[i] + slots;
            columns = Math.Max(columns, prompts[responses[i]].Length + Math.Max(0, slots - 1));
        }

        Count = _starts[^1];
        Reserve(responses.Length, columns);
        for (int i = 0; i < responses.Length; i++)
            LoadRow(prompts[responses[i]], batch, i, columns);

        Tokens = new TokenBatch { InputIds = _ids.View(responses.Length, columns), Mask = _mask.View(responses.Length, columns) };
    }

    /// <summary>Copies the window's positions out of a [B, T] matrix of the rollout.</summary>
    public void Gather(View<float> matrix, View<float> vector)
    {
        for (int i = 0; i < _responses.Length; i++)
        {
            for (int n = _starts[i]; n < _starts[i + 1]; n++)
                vector[n] = matrix[_responses[i], n - _starts[i]];
        }
    }

    /// <summary>Copies results of the window's positions into a [B, T] matrix of the rollout.</summary>
    public void Scatter(View<float> vector, View<float> matrix)
    {
        for (int i = 0; i < _responses.Length; i++)
        {
            for (int n = _starts[i]; n < _starts[i + 1]; n++)
                matrix[_responses[i], n - _starts[i]] = vector[n];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ids.Dispose();
        _rows.Dispose();
        _targets.Dispose();
        _mask.Dispose();
    }

    private void LoadRow(int[] prompt, RolloutBatch batch, int row, int columns)
    {
        int slots = _starts[row + 1] - _starts[row], fed = prompt.Length + Math.Max(0, slots - 1);
        Span<int> ids = _ids.Span.Slice(row * columns, columns);
        Span<byte> mask = _mask.Span.Slice(row * columns, columns);
        ids.Clear();
        mask.Clear();
        mask[..fed].Fill(1);
        prompt.CopyTo(ids);
        for (int t = 0; t < slots; t++)
        {
            int token = batch.Responses[_responses[row], t];
            bool real = t < batch.Lengths[_responses[row]];
            if (prompt.Length + t < fed)
                ids[prompt.Length + t] = token;

            _rows.Span[_starts[row] + t] = (row * columns) + prompt.Length - 1 + t;
            _targets.Span[_starts[row] + t] = real ? token : 0;
        }
    }

    private void Reserve(int rows, int columns)
    {
        Scratch.Grow(ref _ids, (long)rows * columns);
        Scratch.Grow(ref _mask, (long)rows * columns);
        Scratch.Grow(ref _rows, Count);
        Scratch.Grow(ref _targets, Count);
    }
}
