namespace Rlhf.Environments.Pixels;

/// <summary>
/// Two paddles, one ball, a game goes to 21. The agent's paddle is the right one: action 1 up, 2 down. Where the ball meets the agent's
/// paddle decides its angle: in the middle it flies flat and the machine, whose paddle is slower than a steep ball, gets it.
/// </summary>
internal sealed class PongGame : IPixelGame
{
    private const int Goal = 21, ServePause = 8;
    private const int Top = 12, Bottom = 82, Thickness = 2, BallSize = 4, PaddleWidth = 3, PaddleHeight = 18;
    private const float AgentX = 76, MachineX = 6;
    private const float BallSpeed = 2, Steepest = 2, AgentSpeed = 2, MachineSpeed = 0.6f;
    private const float LowestPaddle = Bottom - PaddleHeight, LowestBall = Bottom - BallSize;

    private GameRandom _random;
    private float _ballX, _ballY, _velocityX, _velocityY, _agent, _machine;
    private int _pause, _agentPoints, _machinePoints;
    private bool _serveToAgent;

    /// <inheritdoc/>
    public int Choices => 3;

    /// <inheritdoc/>
    public int Lives => 0;

    /// <inheritdoc/>
    public bool IsOver => Math.Max(_agentPoints, _machinePoints) >= Goal;

    /// <inheritdoc/>
    public int StateLength => 4;

    /// <inheritdoc/>
    public void Start(ulong seed)
    {
        _random = new GameRandom(seed, stream: 1);
        (_agentPoints, _machinePoints) = (0, 0);
        _agent = _machine = (Top + Bottom - PaddleHeight) / 2f;
        Prepare(toAgent: _random.Below(2) == 0);
    }

    /// <inheritdoc/>
    public float Tick(int action)
    {
        float step = action switch { 1 => -AgentSpeed, 2 => AgentSpeed, _ => 0 };
        _agent = Math.Clamp(_agent + step, Top, LowestPaddle);

        // The machine follows the ball while it comes, and goes back to the middle otherwise.
        float aim = _velocityX < 0 && _pause == 0 ? _ballY + (BallSize / 2f) : (Top + Bottom) / 2f;
        _machine = Math.Clamp(_machine + Math.Clamp(aim - (PaddleHeight / 2f) - _machine, -MachineSpeed, MachineSpeed), Top, LowestPaddle);

        if (_pause > 0)
        {
            if (--_pause == 0)
                Serve();
            return 0;
        }

        return Fly();
    }

    /// <inheritdoc/>
    public void Capture(Span<double> state)
    {
        state[0] = _pause > 0 ? -100 : _ballX;
        state[1] = _ballY;
        state[2] = _agent;
        state[3] = _machine;
    }

    /// <inheritdoc/>
    public void Draw(ReadOnlySpan<double> state, Span<byte> frame)
    {
        frame.Clear();
        Canvas.Fill(frame, 0, Top - Thickness, PixelEnvironment.FrameSize, Thickness, 180);
        Canvas.Fill(frame, 0, Bottom, PixelEnvironment.FrameSize, Thickness, 180);
        Canvas.Fill(frame, (int)MachineX - 1, Canvas.Pixel(state[3]), PaddleWidth, PaddleHeight, 180);
        Canvas.Fill(frame, (int)AgentX, Canvas.Pixel(state[2]), PaddleWidth, PaddleHeight, 255);
        Canvas.Fill(frame, Canvas.Pixel(state[0]), Canvas.Pixel(state[1]), BallSize, BallSize, 255);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Prepare(bool toAgent)
    {
        _pause = ServePause;
        _serveToAgent = toAgent;
    }

    private void Serve()
    {
        _ballX = (AgentX + MachineX) / 2f;
        _ballY = _random.Between(Top + 10, LowestBall - 10);
        _velocityX = _serveToAgent ? BallSpeed : -BallSpeed;
        _velocityY = _random.Between(-1.5f, 1.5f);
    }

    private float Fly()
    {
        float before = _ballX;
        _ballX += _velocityX;
        _ballY += _velocityY;
        if (_ballY < Top || _ballY > LowestBall)
        {
            _ballY = _ballY < Top ? (2 * Top) - _ballY : (2 * LowestBall) - _ballY;
            _velocityY = -_velocityY;
        }

        const float AgentFace = AgentX - BallSize, MachineFace = MachineX + Thickness;
        if (before < AgentFace && _ballX >= AgentFace && Meets(_agent))
        {
            float offset = (_ballY + (BallSize / 2f) - _agent - (PaddleHeight / 2f)) / ((PaddleHeight + BallSize) / 2f);
            (_ballX, _velocityX, _velocityY) = (AgentFace, -BallSpeed, Steepest * offset);
        }
        else if (before > MachineFace && _ballX <= MachineFace && Meets(_machine))
        {
            (_ballX, _velocityX, _velocityY) = (MachineFace, BallSpeed, _random.Between(-1.5f, 1.5f));
        }

        if (_ballX > PixelEnvironment.FrameSize)
        {
            _machinePoints++;
            Prepare(toAgent: true);
            return -1;
        }

        if (_ballX < -BallSize)
        {
            _agentPoints++;
            Prepare(toAgent: false);
            return 1;
        }

        return 0;
    }

    private bool Meets(float paddle) => _ballY + BallSize > paddle && _ballY < paddle + PaddleHeight;
}
