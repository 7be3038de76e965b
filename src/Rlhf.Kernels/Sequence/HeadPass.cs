using Rlhf.Kernels.Blas;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Sequence;

/// <summary>
/// The fused head's walk in chunks of rows: logits by GEMM, row kernel, gradients by two GEMMs. Rows that the mask leaves out
/// are packed away and cost nothing. The first chunk overwrites the weight gradient where it need not be added to.
/// </summary>
internal unsafe struct HeadPass<T>
    where T : unmanaged
{
    private readonly SimdRunner _runner;
    private readonly Gemm _gemm;
    private readonly LinearHead<T> _head;
    private readonly LinearHeadGradients _gradients;
    private readonly int _chunkRows, _panelRows;
    private readonly bool _packs;
    private readonly float* _logits, _hidden, _panel;
    private readonly int* _tokens;
    private readonly long _pitch;
    private bool _accumulate;

    public HeadPass(SimdRunner runner, Gemm gemm, in LinearHead<T> head, in LinearHeadGradients gradients, View<byte> workspace)
    {
        _runner = runner;
        _gemm = gemm;
        _head = head;
        _gradients = gradients;
        _accumulate = gradients.Accumulate;
        bool widens = typeof(T) != typeof(float);
        int rows = head.Hidden.Rows, hiddenSize = head.Weight.Cols, vocab = head.Weight.Rows;
        _packs = widens || !head.Mask.IsEmpty;
        _panelRows = widens ? LinearLogprobsWorkspace.PanelRows(vocab) : vocab;
        _pitch = LinearLogprobsWorkspace.LogitsPitch(vocab);
        _chunkRows = rows == 0 ? 0 : LinearLogprobsWorkspace.ChunkRows(workspace.Count, rows, vocab, hiddenSize, widens);

        byte* next = Align(workspace.Pointer);
        _logits = (float*)next;
        next = Align(next + (_pitch * _chunkRows * sizeof(float)));
        _hidden = (float*)next;
        next = Align(next + ((long)hiddenSize * _chunkRows * sizeof(float)));
        _tokens = (int*)next;
        _panel = (float*)Align(next + ((long)_chunkRows * sizeof(int)));
    }

    public void Run<TRows>(ref TRows rows)
        where TRows : struct, IHeadRows
    {
        int next = 0, all = _head.Hidden.Rows;
        while (next < all)
        {
            int begin = next, count = 0;
            for (; next < all && count < _chunkRows; next++)
            {
                if (_head.Mask.IsEmpty || _head.Mask[next] != 0)
                {
                    _tokens[count++] = next;
                }
            }

            if (count > 0)
            {
                Chunk(ref rows, begin, count);
            }

            ClearMasked(begin, next);
        }

        if (!_accumulate)
        {
            Clear(_gradients.Weight);
            Clear(_gradients.Bias);
        }
    }

    private void Chunk<TRows>(ref TRows rows, int begin, int count)
        where TRows : struct, IHeadRows
    {
        int vocab = _head.Weight.Rows, hiddenSize = _head.Weight.Cols;
        GemmOperand hidden = Hidden(begin, count);
        var logits = new View<float>(_logits, count, vocab, _pitch);
        HeadSweeps.Fill(_runner, logits, _head.Bias);
        for (int v = 0; v < vocab; v += _panelRows)
        {
            int width = Math.Min(_panelRows, vocab - v);
            GemmOperand weight = Weight(v, width);
            _gemm.Multiply(
                count, width, hiddenSize, hidden, new GemmOperand(weight.Pointer, weight.Stride, transposed: true),
                _logits + v, _pitch, accumulate: !_head.Bias.IsEmpty);
        }

        rows.Visit(_runner, logits, _tokens);
        if (!_gradients.Bias.IsEmpty)
        {
            HeadSweeps.ColumnSums(_runner, logits, _gradients.Bias, _accumulate);
        }

        if (!_gradients.Hidden.IsEmpty)
        {
            for (int v = 0; v < vocab; v += _panelRows)
            {
                int width = Math.Min(_panelRows, vocab - v);
                _gemm.Multiply(
                    count, hiddenSize, width, new GemmOperand(_logits + v, _pitch), Weight(v, width),
                    _gradients.Hidden.Row(begin), _gradients.Hidden.RowStride, accumulate: v > 0);
            }

            Spread(begin, count);
        }

        if (!_gradients.Weight.IsEmpty)
        {
            _gemm.Multiply(
                vocab, hiddenSize, count, new GemmOperand(_logits, _pitch, transposed: true), hidden,
                _gradients.Weight.Pointer, _gradients.Weight.RowStride, _accumulate);
        }

        _accumulate = true;
    }

    // The chunk's hidden states in f32: in place, or packed and widened.
    private readonly GemmOperand Hidden(int begin, int count)
    {
        if (!_packs)
        {
            return new GemmOperand((float*)_head.Hidden.Row(begin), _head.Hidden.RowStride);
        }

        HeadSweeps.Widen(_runner, _head.Hidden, _tokens, 0, count, _hidden);
        return new GemmOperand(_hidden, _head.Hidden.Cols);
    }

    private readonly GemmOperand Weight(int from, int count)
    {
        if (typeof(T) == typeof(float))
        {
            return new GemmOperand((float*)_head.Weight.Row(from), _head.Weight.RowStride);
        }

        HeadSweeps.Widen(_runner, _head.Weight, null, from, count, _panel);
        return new GemmOperand(_panel, _head.Weight.Cols);
    }

    // The product lies in the first rows of the chunk's range; from the back, each row moves to its token.
    private readonly void Spread(int begin, int count)
    {
        for (int i = count - 1; i >= 0 && _tokens[i] != begin + i; i--)
        {
            RowSpan(_gradients.Hidden, begin + i).CopyTo(RowSpan(_gradients.Hidden, _tokens[i]));
        }
    }

    private readonly void ClearMasked(int begin, int end)
    {
        for (int row = begin; row < end && !_head.Mask.IsEmpty && !_gradients.Hidden.IsEmpty; row++)
        {
            if (_head.Mask[row] == 0)
            {
                RowSpan(_gradients.Hidden, row).Clear();
            }
        }
    }

    private static void Clear(View<float> view)
    {
        for (int row = 0; !view.IsEmpty && row < view.Rows; row++)
        {
            RowSpan(view, row).Clear();
        }
    }

    private static Span<float> RowSpan(View<float> view, int row) => new(view.Row(row), view.Cols);

    private static byte* Align(byte* pointer) => (byte*)(((nuint)pointer + 63) & ~(nuint)63);
}
