namespace Rlhf.Environments.Pixels;

/// <summary>
/// A wall of six rows of ten bricks, worth 1, 1, 4, 4, 7 and 7 points from below, and five balls. Action 1 moves the paddle left, 2 right.
/// The ball is served by itself, flies away from where it met the paddle, and is faster once it has touched the upper three rows. A wall
/// that is gone is built again.
/// </summary>
internal sealed class BreakoutGame : IPixelGame
{
    private const int Rows = 6, Columns = 10, BrickWidth = 8, BrickHeight = 3, Balls = 5, ServePause = 8;
    private const int Left = 2, Right = 82, Top = 12, WallTop = 22, PaddleY = 78, PaddleWidth = 14, BallSize = 2;
    private const ulong FullWall = (1UL << (Rows * Columns)) - 1;
    private const float PaddleSpeed = 1.75f, BallSpeed = 1.1f, Sidewards = 1.2f, Fast = 1.4f;

    private static readonly float[] RowPoints = [7, 7, 4, 4, 1, 1];
    private static readonly byte[] RowGreys = [110, 130, 150, 170, 190, 210];

    private GameRandom _random;
    private float _ballX, _ballY, _velocityX, _velocityY, _paddle;
    private ulong _wall;
    private int _pause;
    private bool _fast;

    /// <inheritdoc/>
    public int Choices => 3;

    /// <inheritdoc/>
    public int Lives { get; private set; }

    /// <inheritdoc/>
    public bool IsOver => Lives == 0;

    /// <inheritdoc/>
    public int StateLength => 4;

    /// <inheritdoc/>
    public void Start(ulong seed)
    {
        _random = new GameRandom(seed, stream: 2);
        Lives = Balls;
        _wall = FullWall;
        _paddle = (Left + Right - PaddleWidth) / 2f;
        _pause = ServePause;
    }

    /// <inheritdoc/>
    public float Tick(int action)
    {
        float step = action switch { 1 => -PaddleSpeed, 2 => PaddleSpeed, _ => 0 };
        _paddle = Math.Clamp(_paddle + step, Left, Right - PaddleWidth);
        if (_pause > 0)
        {
            if (--_pause == 0)
                Serve();
            return 0;
        }

        // One axis after the other: the axis on which a brick is met is the one that turns.
        float points = FlySidewards() + FlyUpOrDown();
        if (_ballY > PixelEnvironment.FrameSize)
        {
            Lives--;
            _pause = ServePause;
        }

        // A new wall only grows while the ball is below it.
        if (_wall == 0 && _ballY > WallTop + (Rows * BrickHeight) + BallSize)
            _wall = FullWall;
        return points;
    }

    /// <inheritdoc/>
    public void Capture(Span<double> state)
    {
        state[0] = _pause > 0 ? -100 : _ballX;
        state[1] = _ballY;
        state[2] = _paddle;

        // 60 bits do not fit a double's 53; as bits of the double they do.
        state[3] = BitConverter.UInt64BitsToDouble(_wall);
    }

    /// <inheritdoc/>
    public void Draw(ReadOnlySpan<double> state, Span<byte> frame)
    {
        const int Size = PixelEnvironment.FrameSize;
        frame.Clear();
        Canvas.Fill(frame, 0, Top - 2, Size, 2, 140);
        Canvas.Fill(frame, 0, Top, Left, Size - Top, 140);
        Canvas.Fill(frame, Right, Top, Size - Right, Size - Top, 140);
        ulong wall = BitConverter.DoubleToUInt64Bits(state[3]);
        for (int brick = 0; brick < Rows * Columns; brick++)
        {
            if ((wall >> brick & 1) != 0)
            {
                int row = brick / Columns, column = brick % Columns;
                Canvas.Fill(frame, Left + (column * BrickWidth), WallTop + (row * BrickHeight), BrickWidth, BrickHeight, RowGreys[row]);
            }
        }

        Canvas.Fill(frame, Canvas.Pixel(state[2]), PaddleY, PaddleWidth, 2, 200);
        Canvas.Fill(frame, Canvas.Pixel(state[0]), Canvas.Pixel(state[1]), BallSize, BallSize, 255);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Serve()
    {
        _fast = false;
        _ballX = _random.Between(Left + 10, Right - 12);
        _ballY = 45;
        _velocityX = _random.Between(0.4f, 0.8f) * (_random.Below(2) == 0 ? -1 : 1);
        _velocityY = BallSpeed;
    }

    private float FlySidewards()
    {
        _ballX += _velocityX;
        if (_ballX < Left || _ballX > Right - BallSize)
        {
            _ballX = _ballX < Left ? (2 * Left) - _ballX : (2 * (Right - BallSize)) - _ballX;
            _velocityX = -_velocityX;
        }

        if (!Break(out float points))
            return 0;
        _ballX -= _velocityX;
        _velocityX = -_velocityX;
        return points;
    }

    private float FlyUpOrDown()
    {
        float before = _ballY;
        _ballY += _velocityY;
        if (_ballY < Top)
        {
            _ballY = (2 * Top) - _ballY;
            _velocityY = -_velocityY;
        }

        const float Face = PaddleY - BallSize;
        if (before < Face && _ballY >= Face && _ballX + BallSize > _paddle && _ballX < _paddle + PaddleWidth)
        {
            float speed = _fast ? Fast : 1;
            float offset = (_ballX + (BallSize / 2f) - _paddle - (PaddleWidth / 2f)) / ((PaddleWidth + BallSize) / 2f);
            _ballY = Face;
            _velocityX = Sidewards * speed * offset;
            _velocityY = -BallSpeed * speed;
        }

        if (!Break(out float points))
            return 0;
        _ballY -= _velocityY;
        _velocityY = -_velocityY;
        return points;
    }

    /// <summary>Takes the first brick away that the ball touches.</summary>
    private bool Break(out float points)
    {
        points = 0;
        int top = (int)MathF.Floor((_ballY - WallTop) / BrickHeight), bottom = (int)MathF.Floor((_ballY + BallSize - 0.01f - WallTop) / BrickHeight);
        int left = (int)MathF.Floor((_ballX - Left) / BrickWidth), right = (int)MathF.Floor((_ballX + BallSize - 0.01f - Left) / BrickWidth);
        for (int row = Math.Max(bottom, 0); row >= Math.Max(top, 0); row--)
        {
            for (int column = Math.Max(left, 0); column <= Math.Min(right, Columns - 1) && row < Rows; column++)
            {
                ulong brick = 1UL << ((row * Columns) + column);
                if ((_wall & brick) == 0)
                    continue;
                _wall &= ~brick;
                points = RowPoints[row];
                if (row < Rows / 2 && !_fast)
                {
                    _fast = true;
                    _velocityX *= Fast;
                    _velocityY *= Fast;
                }

                return true;
            }
        }

        return false;
    }
}
