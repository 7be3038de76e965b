using Rlhf.Environments.Gymnasium;

namespace Rlhf.Environments.Tests.Gymnasium;

public sealed class FrameScalerTests
{
    private readonly byte[] _frame = new byte[84 * 84];

    [TestCase(210, 160)]
    [TestCase(84, 84)]
    [TestCase(50, 300)]
    public void OneGrey_StaysThatGrey(int height, int width)
    {
        byte[] screen = new byte[height * width];
        screen.AsSpan().Fill(173);
        new FrameScaler(height, width, 1).Scale(screen, _frame);
        Assert.That(_frame, Is.All.EqualTo(173));
    }

    [Test]
    public void SameSize_IsACopy()
    {
        byte[] screen = [.. Enumerable.Range(0, 84 * 84).Select(i => (byte)(i * 31))];
        new FrameScaler(84, 84, 1).Scale(screen, _frame);
        Assert.That(_frame, Is.EqualTo(screen));
    }

    [Test]
    public void Pixel_IsTheMeanOfTheAreaItCovers()
    {
        // Three by two pixels each: rows 100, 0, 200 and 100, 0, 200.
        byte[] screen = new byte[168 * 252];
        for (int i = 0; i < screen.Length; i++)
            screen[i] = (byte)((i % 252 % 3) switch { 0 => 100, 1 => 0, _ => 200 });
        new FrameScaler(168, 252, 1).Scale(screen, _frame);
        Assert.That(_frame, Is.All.EqualTo(100));
    }

    [Test]
    public void PartlyCoveredPixel_CountsByItsShare()
    {
        // 210 rows: each of the 84 covers 2.5. Row 2 lies half in the first and half in the second.
        byte[] screen = new byte[210 * 84];
        screen.AsSpan(2 * 84, 84).Fill(250);
        new FrameScaler(210, 84, 1).Scale(screen, _frame);
        Assert.That((_frame[0], _frame[84], _frame[168]), Is.EqualTo(((byte)50, (byte)50, (byte)0)));
    }

    [TestCase(255, 0, 0, 76)]
    [TestCase(0, 255, 0, 150)]
    [TestCase(0, 0, 255, 29)]
    public void Colour_IsItsLuminance(byte red, byte green, byte blue, byte expected)
    {
        byte[] screen = new byte[84 * 84 * 3];
        for (int i = 0; i < 84 * 84; i++)
            (screen[3 * i], screen[(3 * i) + 1], screen[(3 * i) + 2]) = (red, green, blue);
        new FrameScaler(84, 84, 3).Scale(screen, _frame);
        Assert.That(_frame, Is.All.EqualTo(expected));
    }
}
