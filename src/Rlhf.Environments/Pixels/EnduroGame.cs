namespace Rlhf.Environments.Pixels;

/// <summary>
/// A race by day and night: a point for each car passed, one off for each that passes (never below what the day has brought), and a day
/// without its quota of cars ends the game. Actions: 1 accelerate, 2 accelerate to the left, 3 accelerate to the right, 4 brake. Curves
/// carry the car outwards; a collision or the verge costs speed. At night only the lights of the others are seen.
/// </summary>
internal sealed class EnduroGame : IPixelGame
{
    private const int DayLength = 3000, FirstQuota = 40, MoreEachDay = 10, Cars = 8;
    private const int Horizon = 32, RoadEnd = 76, FirstRow = 10;
    private const float Ahead = 56, Behind = 8, Lap = Ahead + Behind, CarLength = 1.2f, CarWidth = 0.45f;
    private const double Depth = 0.22;
    private const float OthersSpeed = 0.45f, Closing = 0.5f, CrashSpeed = 0.15f, VergeSpeed = 0.35f;
    private const int Travelled = 0, Curve = 1, Lateral = 2, Phase = 3, FirstCar = 4;

    private readonly float[] _distance = new float[Cars], _lane = new float[Cars];
    private GameRandom _random;
    private float _speed, _lateral, _curve, _curveAim, _travelled;
    private int _frame, _curveFrames, _passed, _quota;

    /// <inheritdoc/>
    public int Choices => 5;

    /// <inheritdoc/>
    public int Lives => 0;

    /// <inheritdoc/>
    public bool IsOver { get; private set; }

    /// <inheritdoc/>
    public int StateLength => FirstCar + (2 * Cars);

    /// <inheritdoc/>
    public void Start(ulong seed)
    {
        _random = new GameRandom(seed, stream: 3);
        (_speed, _lateral, _curve, _curveAim, _travelled) = (0, 0, 0, 0, 0);
        (_frame, _curveFrames, _passed, _quota) = (0, 120, 0, FirstQuota);
        IsOver = false;
        for (int i = 0; i < Cars; i++)
        {
            _distance[i] = 6 + (i * (Ahead - 6) / Cars) + _random.Between(0, 3);
            _lane[i] = Lane(_random.Below(3));
        }
    }

    /// <inheritdoc/>
    public float Tick(int action)
    {
        Drive(action);
        float points = Race();
        _frame++;
        if (_frame % DayLength == 0)
        {
            IsOver = _passed < _quota;
            _passed = 0;
            _quota += MoreEachDay;
        }

        return points;
    }

    /// <inheritdoc/>
    public void Capture(Span<double> state)
    {
        state[Travelled] = _travelled;
        state[Curve] = _curve;
        state[Lateral] = _lateral;
        state[Phase] = _frame % DayLength / (double)DayLength;
        for (int i = 0; i < Cars; i++)
        {
            state[FirstCar + (2 * i)] = _distance[i];
            state[FirstCar + (2 * i) + 1] = _lane[i];
        }
    }

    /// <inheritdoc/>
    public void Draw(ReadOnlySpan<double> state, Span<byte> frame)
    {
        const int Size = PixelEnvironment.FrameSize;
        (byte sky, byte grass, byte road, byte line, byte car) = state[Phase] switch
        {
            < 0.55 => ((byte)160, (byte)100, (byte)60, (byte)190, (byte)230),
            < 0.7 => ((byte)100, (byte)60, (byte)40, (byte)150, (byte)190),
            < 0.9 => ((byte)20, (byte)10, (byte)5, (byte)70, (byte)0),
            _ => ((byte)120, (byte)80, (byte)50, (byte)170, (byte)210),
        };
        frame.Clear();
        frame[(FirstRow * Size)..(Horizon * Size)].Fill(sky);
        for (int y = Horizon; y < RoadEnd; y++)
        {
            float near = (y - Horizon + 1) / (float)(RoadEnd - Horizon), half = HalfWidth(near), centre = Centre(near, state[Curve]);
            int left = Canvas.Pixel(centre - half), right = Canvas.Pixel(centre + half);
            frame.Slice(y * Size, Size).Fill(grass);
            Canvas.Fill(frame, left, y, right - left, 1, road);
            Canvas.Fill(frame, left, y, 1, 1, line);
            Canvas.Fill(frame, right, y, 1, 1, line);

            // A dashed line in the middle shows the speed.
            double along = (((1 / near) - 1) / Depth) + (Closing * state[Travelled]);
            if (along - (4 * Math.Floor(along / 4)) < 2)
                Canvas.Fill(frame, Canvas.Pixel(centre), y, 1, 1, line);
        }

        for (int i = 0; i < Cars; i++)
        {
            double distance = state[FirstCar + (2 * i)];
            if (distance > -1)
                DrawCar(frame, (float)(1 / (1 + (Depth * Math.Max(distance, 0)))), state[FirstCar + (2 * i) + 1], state[Curve], car);
        }

        DrawCar(frame, 1, state[Lateral], state[Curve], 255);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static float Lane(int lane) => (lane - 1) * 0.6f;

    private static float HalfWidth(float near) => 2 + (34 * near);

    private static float Centre(float near, double curve) => 42 + (float)(curve * 26 * (1 - near) * (1 - near));

    private static void DrawCar(Span<byte> frame, float near, double lateral, double curve, byte grey)
    {
        int width = Math.Max(2, Canvas.Pixel(14 * near)), height = Math.Max(1, Canvas.Pixel(7 * near));
        int bottom = Horizon + Canvas.Pixel((RoadEnd - Horizon) * near), left = Canvas.Pixel(Centre(near, curve) + (lateral * HalfWidth(near)) - (width / 2.0));
        if (grey > 0)
        {
            Canvas.Fill(frame, left, bottom - height, width, height, grey);
            return;
        }

        // By night, two lights.
        int light = Math.Max(1, width / 5);
        Canvas.Fill(frame, left, bottom - height, light, light, 200);
        Canvas.Fill(frame, left + width - light, bottom - height, light, light, 200);
    }

    private void Drive(int action)
    {
        _speed += action switch { 1 or 2 or 3 => 0.01f, 4 => -0.03f, _ => -0.003f };
        _speed = Math.Clamp(_speed, 0, MathF.Abs(_lateral) >= 1 ? VergeSpeed : 1);
        float steer = action switch { 2 => -0.035f, 3 => 0.035f, _ => 0 };
        _lateral = Math.Clamp(_lateral + (steer * (0.3f + (0.7f * _speed))) - (0.012f * _curve * _speed), -1, 1);
        _travelled += _speed;

        if (--_curveFrames <= 0)
        {
            _curveFrames = 150 + _random.Below(200);
            _curveAim = _random.Below(3) - 1;
        }

        _curve += Math.Clamp(_curveAim - _curve, -0.015f, 0.015f);
    }

    private float Race()
    {
        int before = _passed;
        float closing = Closing * (_speed - OthersSpeed);
        for (int i = 0; i < Cars; i++)
        {
            float from = _distance[i], to = from - closing;
            if (closing > 0 && from >= CarLength && to < CarLength && MathF.Abs(_lane[i] - _lateral) < CarWidth)
            {
                // Into the back of a slower car, which drives on.
                _speed = CrashSpeed;
                to = CarLength;
            }

            if (from > 0 && to <= 0)
                _passed++;
            else if (from <= 0 && to > 0)
                _passed = Math.Max(0, _passed - 1);

            if (to < -Behind)
                (to, _lane[i]) = (to + Lap, Lane(_random.Below(3)));
            else if (to > Ahead)
                (to, _lane[i]) = (to - Lap, FreeLane());
            _distance[i] = to;
        }

        return _passed - before;
    }

    /// <summary>Who comes from behind takes a lane that the agent is not in.</summary>
    private float FreeLane()
    {
        int own = Math.Clamp((int)MathF.Round(_lateral / 0.6f) + 1, 0, 2), lane = _random.Below(2);
        return Lane(lane < own ? lane : lane + 1);
    }
}
