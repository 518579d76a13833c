package config

// The values of each type below are the words of the file, so that a message
// or a log can print them as they are.
type (
	// Reply says where the answer of a call comes from.
	Reply string
	// OnExit says what the end of a process without a reply means.
	OnExit string
	// ReplyFrom says who may reply on the socket.
	ReplyFrom string
	// OnDisconnect says what becomes of a process whose caller has gone.
	OnDisconnect string
	// Channel is the way of the payload into the process.
	Channel string
	// Encoding is what becomes of the payload before it is passed.
	Encoding string
	// TmpDir says whose temporary directory the process is given.
	TmpDir string
	// Options says whether a caller's value may begin an argument with "-".
	Options string
	// Driver is how a process comes to be.
	Driver string
	// LimitMode says what becomes of a limit that cannot hold.
	LimitMode string
	// CgroupMode says how much of cgroup v2 is wanted.
	CgroupMode string
	// Security says who checks the document's security requirements.
	Security string
	// HMAC is the form of a webhook's signature.
	HMAC string
	// TLSVersion is a version of TLS.
	TLSVersion string
)

// The words of the file.
const (
	ReplySocket Reply = "socket"
	ReplyStdout Reply = "stdout"
	ReplyCGI    Reply = "cgi"
	ReplyReport Reply = "report"

	ExitFail   OnExit = "fail"
	ExitReport OnExit = "report"
	ExitWait   OnExit = "wait"

	FromAnyone  ReplyFrom = "anyone"
	FromProcess ReplyFrom = "process"

	DisconnectContinue OnDisconnect = "continue"
	DisconnectKill     OnDisconnect = "kill"

	ChannelCmdline Channel = "cmdline"
	ChannelStdin   Channel = "stdin"
	ChannelFile    Channel = "file"

	EncodingJSON Encoding = "json"
	EncodingRaw  Encoding = "raw"

	TmpInherit TmpDir = "inherit"
	TmpOwn     TmpDir = "own"

	OptionsRefuse Options = "refuse"
	OptionsAllow  Options = "allow"

	DriverSpawn  Driver = "spawn"
	DriverFork   Driver = "fork"
	DriverWorker Driver = "worker"

	LimitEnforce    LimitMode = "enforce"
	LimitBestEffort LimitMode = "besteffort"

	CgroupAuto     CgroupMode = "auto"
	CgroupRequired CgroupMode = "required"
	CgroupOff      CgroupMode = "off"

	SecurityNone     Security = ""         // what [Service.Schemes] says, and nothing else
	SecurityUpstream Security = "upstream" // a proxy checks all of it

	HMACGitHub HMAC = "github"
	HMACStripe HMAC = "stripe"

	TLS12 TLSVersion = "1.2"
	TLS13 TLSVersion = "1.3"
)
