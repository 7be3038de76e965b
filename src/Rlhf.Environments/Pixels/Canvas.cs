namespace Rlhf.Environments.Pixels;

/// <summary>Drawing on a frame of 84 × 84 grey values.</summary>
internal static class Canvas
{
    private const int Size = PixelEnvironment.FrameSize;

    /// <summary>Fills a rectangle; what lies outside the frame is left out.</summary>
    public static void Fill(Span<byte> frame, int x, int y, int width, int height, byte grey)
    {
        int left = Math.Max(x, 0), right = Math.Min(x + width, Size);
        if (left >= right)
            return;
        for (int row = Math.Max(y, 0); row < Math.Min(y + height, Size); row++)
            frame.Slice((row * Size) + left, right - left).Fill(grey);
    }

    /// <summary>The pixel a coordinate falls on.</summary>
    public static int Pixel(double coordinate) => (int)Math.Floor(coordinate + 0.5);
}
