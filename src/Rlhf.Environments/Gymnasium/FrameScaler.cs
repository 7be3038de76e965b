using Rlhf.Environments.Pixels;

namespace Rlhf.Environments.Gymnasium;

/// <summary>A screen of any size as 84 × 84 grey values, each the mean of the area it covers (as OpenCV's INTER_AREA).</summary>
internal sealed class FrameScaler
{
    private const int Size = PixelEnvironment.FrameSize;

    private readonly int _height, _width, _channels;
    private readonly float[] _wide, _grey;
    private readonly (int First, float[] Weights)[] _columns, _rows;

    /// <summary>For screens [height, width, channels]: one channel is grey, of three or more the first are red, green and blue.</summary>
    public FrameScaler(int height, int width, int channels)
    {
        (_height, _width, _channels) = (height, width, channels);
        _grey = new float[width];
        _wide = new float[height * Size];
        (_columns, _rows) = (Cover(width), Cover(height));
    }

    /// <summary>Scales a screen.</summary>
    public void Scale(ReadOnlySpan<byte> screen, Span<byte> frame)
    {
        for (int y = 0; y < _height; y++)
        {
            ReadOnlySpan<byte> row = screen.Slice(y * _width * _channels, _width * _channels);
            for (int x = 0; x < _width; x++)
                _grey[x] = _channels >= 3 ? (0.299f * row[x * _channels]) + (0.587f * row[(x * _channels) + 1]) + (0.114f * row[(x * _channels) + 2]) : row[x * _channels];
            for (int x = 0; x < Size; x++)
            {
                (int first, float[] weights) = _columns[x];
                float sum = 0;
                for (int i = 0; i < weights.Length; i++)
                    sum += weights[i] * _grey[first + i];
                _wide[(y * Size) + x] = sum;
            }
        }

        for (int y = 0; y < Size; y++)
        {
            (int first, float[] weights) = _rows[y];
            for (int x = 0; x < Size; x++)
            {
                float sum = 0;
                for (int i = 0; i < weights.Length; i++)
                    sum += weights[i] * _wide[((first + i) * Size) + x];
                frame[(y * Size) + x] = (byte)Math.Clamp(sum + 0.5f, 0, 255);
            }
        }
    }

    /// <summary>Which pixels of a line each of the 84 covers, and with what share.</summary>
    private static (int First, float[] Weights)[] Cover(int length)
    {
        var cover = new (int, float[])[Size];
        double scale = length / (double)Size;
        for (int i = 0; i < Size; i++)
        {
            double from = i * scale, to = (i + 1) * scale;
            int first = (int)from, last = Math.Min((int)Math.Ceiling(to), length);
            float[] weights = new float[last - first];
            for (int k = first; k < last; k++)
                weights[k - first] = (float)((Math.Min(to, k + 1) - Math.Max(from, k)) / scale);
            cover[i] = (first, weights);
        }

        return cover;
    }
}
